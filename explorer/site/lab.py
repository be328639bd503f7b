"""Builds JupyterLite with the notebooks: its Python has the package from the start."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, PathDistribution, files, version
from pathlib import Path
from string import Template
from typing import Any

from explorer.core import refuse
from explorer.site import pyodide

ROOT = Path(__file__).parents[2]
WEB = Path(__file__).with_name("web")
KERNEL = "jupyterlite-pyodide-kernel"
FRONT_ENDS = (KERNEL, "anywidget", "jupyterlab_widgets")
# What Pyodide lacks. Those that have a front end come in its version.
PURE = ("anywidget", "comm", "ipywidgets", "psygnal", "typing_extensions")
IN_FRONT = {"jupyterlab-widgets", "widgetsnbextension"}  # named as needed, but of no use in Python
# All that the kernel would look for in an index when it starts.
STARTS_WITH = ("comm", "ipykernel", "ipython", "jedi", "micropip", "piplite", "pyodide_kernel",
               "sqlite3", "ssl")  # fmt: skip
PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"


def front_ends() -> list[Path]:
    """The folders of what JupyterLite takes from other packages.

    Raises
    ------
    ValueError
        Naming a package that is missing.
    """
    return [_front_end(name) for name in FRONT_ENDS]


def build(target: Path, folders: list[Path], local: Path | None) -> None:
    """Build JupyterLite into a new folder.

    Parameters
    ----------
    target : Path
        The folder.
    folders : list of Path
        The `front_ends`.
    local : Path, optional
        A folder with Pyodide, which becomes a part of it; else it comes from its public release.

    Raises
    ------
    ValueError
        Naming what is missing.
    """
    _lite(target, folders)
    own = target / "static" / "python"
    own.mkdir()
    place = pyodide.PUBLIC if local is None else "../pyodide/"
    script = Template((WEB / "lab.js").read_text("utf-8")).substitute(pyodide=place)
    (own / "pyodide.js").write_text(script, encoding="utf-8")
    for wheel in (folders[0] / "static" / "pypi").glob("*.whl"):
        if wheel.name.startswith(STARTS_WITH):
            shutil.copy(wheel, own)
    _fetch_wheels(own)
    packages = dict(map(_locked, own.glob("*.whl")))
    (own / "packages.json").write_text(json.dumps(packages), encoding="utf-8")
    if local is not None:
        names = {need for package in packages.values() for need in package["depends"]}
        names |= {*map(_key, STARTS_WITH)}
        pyodide.copy_whole(local, target / "static" / "pyodide", names - packages.keys())


def _front_end(name: str) -> Path:
    """The folder of what a package brings for JupyterLab."""
    try:
        found = files(name) or ()
    except PackageNotFoundError:
        refuse("site", f"without {name}", "built with its extra: pip install -e '.[site]'")
    (package,) = (f for f in found if f.name == "package.json" and "labextensions" in f.parts)
    return Path(str(package.locate())).parent.resolve()


def _lite(target: Path, folders: Iterable[Path]) -> None:
    """JupyterLite itself, with the notebooks."""
    kernel = {
        "pyodideUrl": "./static/python/pyodide.js",
        "loadPyodideOptions": {"packages": STARTS_WITH},
        "disablePyPIFallback": True,
    }
    data = {
        "appName": "Loss Explorer",
        "exposeAppInBrowser": True,
        "litePluginSettings": {PLUGIN: kernel},
    }
    settings = {
        "contents": ["notebooks"],
        "federated_extensions": [str(folder) for folder in folders],
        "ignore_sys_prefix": ["federated_extensions"],  # what JupyterLab itself has here
        "no_sourcemaps": True,
        "output_dir": str(target.resolve()),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ignored = shutil.ignore_patterns("*.py", "images", ".*", "__pycache__")
        shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=ignored)
        for file, content in (
            ("jupyter-lite.json", {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}),
            ("jupyter_lite_config.json", {"LiteBuildConfig": settings}),
        ):
            (folder / file).write_text(json.dumps(content), encoding="utf-8")
        command = [sys.executable, "-m", "jupyterlite_core.app", "build"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        refuse("site", done.stderr[-500:], "what jupyter lite can build")


def _fetch_wheels(folder: Path) -> None:
    """The package itself, and what Pyodide lacks of what it needs."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    any_machine = ["--only-binary", ":all:", "--platform", "any", "--python-version", "3.12",
                   "--implementation", "py", "--abi", "none"]  # fmt: skip
    exact = [f"{name}=={version(name)}" if name in ("anywidget", "ipywidgets") else name
             for name in PURE]  # fmt: skip
    subprocess.run(
        [*pip, "download", "--no-deps", *any_machine, "--dest", folder, *exact], check=True
    )
    own = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*pip, *own, folder, ROOT], check=True)


def _locked(wheel: Path) -> tuple[str, dict[str, Any]]:
    """A wheel as an entry of a lock file. Keys take hyphens: else the kernel waits for ever."""
    stem = "-".join(wheel.name.split("-")[:2])
    with zipfile.ZipFile(wheel) as archive:
        described = PathDistribution(zipfile.Path(archive, f"{stem}.dist-info/"))
        name = _key(described.name)
        needs = [need for need in described.requires or () if "extra ==" not in need]
        entry = {
            "name": name,
            "version": described.version,
            "file_name": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "install_dir": "site",
            "package_type": "package",
            "unvendored_tests": False,
            "depends": sorted({_key(re.split(r"[^\w.-]", need)[0]) for need in needs} - IN_FRONT),
            "imports": ["explorer" if name == "loss-explorer" else name.replace("-", "_")],
        }
    return name, entry


def _key(name: str) -> str:
    return name.lower().replace("_", "-")
