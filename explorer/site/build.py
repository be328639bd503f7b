"""Builds the pages: HTML, picture and first scene of each panel, Python's sources; the lab."""

import hashlib
import html
import io
import json
import re
import shutil
import zipfile
from base64 import b64encode
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any

from explorer import PANELS, static
from explorer.about import REPOSITORY
from explorer.core import refuse
from explorer.scene import Scene, plain
from explorer.site import lab, pyodide
from explorer.site.page import Page
from explorer.stage import source

WEB = Path(__file__).with_name("web")
PACKAGE = Path(__file__).parents[1]
NOT_IN_PAGES = {
    "static.py",
    "stage/panel.py",
    "site/build.py",
    "site/lab.py",
    "site/pyodide.py",
    "site/__main__.py",
}
STILL = (1980, 1, 1, 0, 0, 0)  # the time of all files: the same sources make the same archive


def build(target: Path, local: Path | None = None) -> None:
    """Build the light pages, and JupyterLite with the notebooks, into a new folder.

    Parameters
    ----------
    target : Path
        A folder that is new, is empty, or holds such pages, which are replaced.
    local : Path, optional
        A folder with Pyodide, which becomes a part of the site; else it comes from its public
        release.

    Raises
    ------
    ValueError
        Naming a folder or file that is not what it should be, or a package that is missing.
    """
    if target.exists() and any(target.iterdir()) and not (target / "sw.js").is_file():
        refuse("folder", str(target), "one that is new, empty, or made by this command")
    folders = lab.front_ends()  # before anything is replaced
    if target.exists():
        shutil.rmtree(target)
    (target / "pictures").mkdir(parents=True)
    (target / "app").mkdir()
    (target / "app" / "explorer.zip").write_bytes(sources())
    script = source.script(WEB / "page.js")
    style = source.style() + (WEB / "site.css").read_text("utf-8")
    for name, text in (("page.js", script), ("site.css", style)):
        (target / "app" / name).write_text(text, encoding="utf-8")
    for name in ("head.js", "worker.js"):
        shutil.copy(WEB / name, target / "app")
    place, size = pyodide.PUBLIC, pyodide.PUBLIC_SIZE
    if local is not None:
        place, size = "pyodide/", pyodide.copy(local, target / "pyodide")
    size += (target / "app" / "explorer.zip").stat().st_size
    where = {"pyodide": place, "bytes": size}
    cards = [_panel(target, name, where) for name in PANELS]
    _write(target / "index.html", "index.html", panels="\n".join(cards), repository=REPOSITORY)
    _service_worker(target)  # of the light pages; JupyterLite brings its own
    lab.build(target / "lab", folders, local)


def sources() -> bytes:
    """All of the package that runs in a page, as an archive."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(PACKAGE.rglob("*")):
            name = path.relative_to(PACKAGE).as_posix()
            if path.suffix in (".py", ".csv") and name not in NOT_IN_PAGES:
                entry = zipfile.ZipInfo(f"explorer/{name}", STILL)
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return result.getvalue()


def _panel(target: Path, name: str, where: dict[str, Any]) -> str:
    """Write a panel's page and pictures; its card on the front page."""
    posted: list[tuple[str, list[bytes]]] = []
    page = Page(name, "", lambda text, buffers: posted.append((text, buffers)))
    ((text, (buffer,)),) = posted
    data = {"name": name, "buffer": b64encode(buffer).decode(), **json.loads(text), **where}
    scene = page.session.scene
    _picture(target / "pictures" / f"{name}.svg", scene)
    first = replace(scene, plots=scene.plots[:1], sums=(), sentence="")
    _picture(target / "pictures" / f"{name}-first.svg", first)
    words = {"title": _title(name), "line": _line(name), "sentence": plain(str(scene.sentence))}
    (target / name).mkdir()
    _write(
        target / name / "index.html",
        "panel.html",
        name=name,
        dashed=name.replace("_", "-"),
        page=json.dumps(data).replace("<", "\\u003c"),
        repository=REPOSITORY,
        **{key: html.escape(word) for key, word in words.items()},
    )
    return (
        f'<li><a href="{name}/"><img src="pictures/{name}-first.svg" alt="">'
        f"<h2>{html.escape(words['title'])}</h2><p>{html.escape(words['line'])}</p></a></li>"
    )


def _title(name: str) -> str:
    """Its name in words: "KL fit"."""
    words = " ".join("KL" if word == "kl" else word for word in name.split("_"))
    return words[0].upper() + words[1:]


def _line(name: str) -> str:
    """The line with which the panel's module begins."""
    return (import_module(f"explorer.panels.{name}").__doc__ or "").partition("\n")[0]


def _picture(path: Path, scene: Scene) -> None:
    text = io.StringIO()
    static.draw(scene).savefig(text, format="svg", metadata={"Date": None})
    path.write_text(text.getvalue(), encoding="utf-8")


def _service_worker(target: Path) -> None:
    files = sorted(path for path in target.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(target).as_posix().encode() + path.read_bytes())
    pages = [
        re.sub(r"index\.html$", "", path.relative_to(target).as_posix())
        for path in files
        if path.parent.name != "pyodide"
    ]
    version, names = digest.hexdigest()[:12], json.dumps(["./" + page for page in pages])
    _write(target / "sw.js", "sw.js", version=version, pages=names, pyodide=pyodide.PUBLIC)


def _write(path: Path, template: str, **words: str) -> None:
    text = Template((WEB / template).read_text("utf-8")).substitute(words)
    path.write_text(text, encoding="utf-8")
