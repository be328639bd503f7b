"""What the build makes of a Pyodide, and what it refuses."""

import json
import shutil
import zipfile

import pytest

from explorer.site import lab, pyodide
from explorer.site.__main__ import main
from explorer.site.page import Page


def test_scipy_comes_as_the_modules_of_the_list(site):
    (wheel,) = (site / "pyodide").glob("scipy-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert b"Left out" in archive.read("scipy/linalg/__init__.py")
    modules = {name.partition(".")[0].removesuffix("/__init__").replace("/", ".") for name in names}
    assert modules == {*pyodide.SCIPY, "scipy.linalg"}


def test_numpy_comes_without_its_tests_and_headers(site):
    (wheel,) = (site / "pyodide").glob("numpy-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [n for n in archive.namelist() if "/tests/" in n or n.endswith(".h")]


def test_the_same_sources_make_the_same_site(site, local_pyodide, tmp_path):
    pyodide.copy(local_pyodide, tmp_path / "pyodide")
    for path in (tmp_path / "pyodide").iterdir():
        assert path.read_bytes() == (site / "pyodide" / path.name).read_bytes()


@pytest.mark.parametrize("name", ["pyodide.asm.wasm", "openblas-0.3.26.zip"])
def test_a_file_that_is_not_its_releases_is_refused(local_pyodide, tmp_path, name):
    folder = tmp_path / "pyodide"
    folder.mkdir()
    for needed in (pyodide.LOCK, *pyodide.CORE, "openblas-0.3.26.zip"):
        shutil.copy(local_pyodide / needed, folder)
    for wheel in (*local_pyodide.glob("numpy-*"), *local_pyodide.glob("scipy-1*")):
        shutil.copy(wheel, folder)
    (folder / name).write_bytes((folder / name).read_bytes() + b"\0")
    with pytest.raises(ValueError, match=f"{name}': allowed is a file with the SHA-256"):
        pyodide.copy(folder, tmp_path / "public")


def test_a_package_that_is_missing_is_named_before_the_build_begins(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(lab, "FRONT_ENDS", ("not-a-package",))
    (tmp_path / "sw.js").touch()
    with pytest.raises(SystemExit):
        main(["build", str(tmp_path)])
    said = capsys.readouterr().err
    assert "not-a-package" in said
    assert "pip install -e '.[site]'" in said
    assert [path.name for path in tmp_path.iterdir()] == ["sw.js"]


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(SystemExit):
        main(["build", str(tmp_path)])
    assert "allowed is one that is new, empty, or made by this command" in capsys.readouterr().err
    assert (tmp_path / "thesis.tex").exists()


def test_a_page_tells_what_python_sets_and_where_it_is():
    posted = []
    page = Page("beta_loss", "a=8&b=4&nonsense=1", lambda text, _: posted.append(json.loads(text)))
    (opening,) = posted
    assert opening["opening"]["state"] == [8.0, 4.0, 0.7, "full"]
    assert opening["problems"][0].startswith("nonsense = 1: allowed is")
    posted.clear()
    page.receive(json.dumps({"epoch": 0, "type": "settle", "settings": {"a": 9.0}}))
    assert {"query": "a=9&b=4&y=0.7"} in posted
    assert {"follow": {"a": 9.0}} in posted
    page.open("a=3&b=3")
    assert posted[-1]["opening"]["state"] == [3.0, 3.0, 0.7, "full"]
