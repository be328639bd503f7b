"""The Python of the light pages: one Pyodide, its files checked and cut to what is used."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from explorer.core import refuse

VERSION = "0.27.7"
PUBLIC = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
LOCK = "pyodide-lock.json"
PACKAGES = ("numpy", "openblas", "scipy")
# Of the public release, where no folder is given to look into: its size in bytes, and its SHA-256.
CORE = {
    "pyodide.js": (14_913, "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98"),
    "pyodide.asm.js": (
        1_255_688, "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51"
    ),
    "pyodide.asm.wasm": (
        10_105_545, "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f"
    ),
    "python_stdlib.zip": (
        2_360_737, "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16"
    ),
}  # fmt: skip
PUBLIC_SIZE = sum(size for size, _ in CORE.values()) + 3_061_133 + 6_117_592 + 13_477_451
# What scipy.special imports, a module a line. Only its roots of orthogonal polynomials use
# scipy.linalg, which would be two thirds of it. numpy comes without what its makers alone need.
SCIPY = frozenset(Path(__file__).with_name("scipy.txt").read_text("utf-8").split())
LINALG = "scipy/linalg/__init__.py", '"""Left out: the panels use scipy.special alone."""\n'
NOT_OF_NUMPY = ("/tests/", "/include/", "/_pyinstaller/")


def copy(source: Path, target: Path) -> int:
    """Put the files of a local Pyodide that a light page loads into a folder; how many bytes.

    Raises
    ------
    ValueError
        Naming a file that is missing, or is another than its release's.
    """
    target.mkdir(parents=True)
    for name, (_, digest) in CORE.items():
        (target / name).write_bytes(checked(source / name, digest))
    packages = locked(source)
    kept: dict[str, Any] = {}
    for name in PACKAGES:
        content = checked(source / packages[name]["file_name"], packages[name]["sha256"])
        if name in CUT:
            content = _cut(content, CUT[name], [LINALG] if name == "scipy" else [])
        (target / packages[name]["file_name"]).write_bytes(content)
        kept[name] = packages[name] | {"sha256": hashlib.sha256(content).hexdigest()}
    lock = json.loads((source / LOCK).read_text("utf-8")) | {"packages": kept}
    (target / LOCK).write_text(json.dumps(lock), encoding="utf-8")
    return sum(path.stat().st_size for path in target.iterdir())


def copy_whole(source: Path, target: Path, names: Collection[str]) -> None:
    """Put a local Pyodide into a folder, with these packages and all that they need.

    Raises
    ------
    ValueError
        Naming a file that is missing, or is another than its release's.
    """
    target.mkdir()
    for name, (_, digest) in CORE.items():
        (target / name).write_bytes(checked(source / name, digest))
    packages = locked(source)
    kept: dict[str, Any] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop().replace("_", "-")  # keys take hyphens, what they name does not always
        if name not in kept:
            kept[name] = package = packages[name]
            path = source / package["file_name"]
            (target / path.name).write_bytes(checked(path, package["sha256"]))
            wanted += package["depends"]
    lock = json.loads((source / LOCK).read_text("utf-8")) | {"packages": kept}
    (target / LOCK).write_text(json.dumps(lock), encoding="utf-8")


def locked(source: Path) -> dict[str, Any]:
    """The packages of a local Pyodide by name, as its lock file describes them."""
    if not (source / LOCK).is_file():
        refuse("pyodide", str(source), f"a folder with Pyodide {VERSION} and its {LOCK}")
    lock = json.loads((source / LOCK).read_text("utf-8"))
    if lock["info"]["version"] != VERSION:
        refuse("pyodide", lock["info"]["version"], f"version {VERSION}")
    packages: dict[str, Any] = lock["packages"]
    return packages


def checked(path: Path, digest: str) -> bytes:
    """The content of a file that is what it should be."""
    if not path.is_file():
        refuse("pyodide", str(path), "a file that is there")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        refuse("pyodide", str(path), f"a file with the SHA-256 {digest}")
    return content


def _of_numpy(path: str) -> bool:
    return not path.endswith((".pyi", ".h", ".a", ".pxd", ".pyx")) and not any(
        part in path for part in NOT_OF_NUMPY
    )


def _of_scipy(path: str) -> bool:
    module = path.partition(".cpython-")[0].removesuffix(".py").removesuffix("/__init__")
    return ".dist-info/" in path or (
        path.endswith((".py", ".so")) and module.replace("/", ".") in SCIPY
    )


CUT: dict[str, Callable[[str], bool]] = {"numpy": _of_numpy, "scipy": _of_scipy}


def _cut(wheel: bytes, keeps: Callable[[str], bool], more: Iterable[tuple[str, str]]) -> bytes:
    """A wheel with some of its files, and with more; of the same ones it is always the same."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(wheel)) as whole,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as part,
    ):
        for entry in whole.infolist():
            if keeps(entry.filename):
                part.writestr(entry, whole.read(entry), zipfile.ZIP_DEFLATED)
        for name, text in more:
            part.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return result.getvalue()
