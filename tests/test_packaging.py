"""What is shipped holds what it needs, and imports run one way."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import explorer
from explorer import about

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "explorer"


# Binder


def requirements(path):
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return sorted(filter(None, lines))


def test_binder_installs_what_the_package_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert requirements(ROOT / "binder" / "requirements.txt") == sorted(project["dependencies"])


def test_addresses_are_those_of_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["urls"] == {"Repository": about.REPOSITORY, "Homepage": about.SITE}
    repository = about.REPOSITORY.removeprefix("https://github.com/")
    (badge,) = re.findall(r"mybinder\.org/v2/gh/(.+)/HEAD", (ROOT / "README.md").read_text())
    assert badge == repository


@pytest.mark.parametrize("script", ["binder/postBuild", ".ci/run"])
def test_scripts_can_be_run(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", path], check=True)


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, ROOT], check=True)
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_every_file_of_the_package_and_no_other(wheel):
    there = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert shipped == there


@pytest.mark.parametrize(
    "name",
    [
        "explorer/stage/js/main.js",
        "explorer/site/scipy.txt",
        "explorer/site/web/page.js",
        "explorer/stage/stage.css",
        "explorer/data/engel.csv",
        "explorer/data/penguins.csv",
        "explorer/data/penguins.md",
        "explorer/data/weather.md",
    ],
)
def test_wheel_holds_what_is_not_python(wheel, name):
    with zipfile.ZipFile(wheel) as archive:
        assert archive.getinfo(name).file_size > 0


def test_wheel_carries_the_licence(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


def test_data_load_from_the_wheel_itself(wheel):
    """A zip is the strictest reader: nothing may reach for a file in a folder."""
    code = "import explorer.data as d; print(d.__file__, len(d.penguins()['species']))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(wheel)},
        cwd=wheel.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    file, count = run.stdout.split()
    assert file.startswith(str(wheel))
    assert count == "342"


# The layers: which imports each may name. Prefixes of dotted names; a package contains its modules.

NUMERICS = {"numpy", "scipy.special"}
PARTS = {"explorer.core", "explorer.data", "explorer.parts", "explorer.scene", *NUMERICS}
SESSION = {
    "explorer.core", "explorer.scene", "explorer.stage.export", "explorer.stage.settings",
    "explorer.stage.wire", "numpy",
}  # fmt: skip
LAYERS = {
    # `optimize` only inside the function that needs it: that it is not loaded is tested below.
    "explorer.core": {"explorer.core", "scipy.optimize", *NUMERICS},
    "explorer.data": {"explorer.data", "numpy"},
    "explorer.scene": {"explorer.scene", "numpy"},
    "explorer.parts": PARTS,
    "explorer.panels": PARTS,
    "explorer.static": {"explorer.scene", "explorer.static", "matplotlib", "numpy"},
    # They can serve a page in which Python itself runs: there are no widgets in them.
    "explorer.stage.links": {"explorer.PANELS", "explorer.parts", *SESSION},
    "explorer.stage.export": {"explorer.about", "explorer.stage.links", *SESSION},
    "explorer.stage.session": SESSION,
    "explorer.stage.settings": SESSION,
    "explorer.stage.wire": SESSION,
    # Shows a panel without a kernel by way of explorer.static; names a figure's type, no more.
    "explorer.stage": {
        "explorer.about", "explorer.core.refuse", "explorer.scene", "explorer.stage",
        "explorer.static", "IPython", "anywidget", "ipywidgets", "traitlets", "matplotlib.figure",
        "numpy",
    },
    # Runs in the browser's own Python.
    "explorer.site.page": {
        "explorer.scene", "explorer.stage.links", "explorer.stage.session",
        "explorer.stage.settings",
    },
    # Builds the pages around it.
    "explorer.site": {
        "explorer.PANELS", "explorer.about", "explorer.core.refuse", "explorer.scene",
        "explorer.site", "explorer.stage.source", "explorer.static",
    },
    # Ties them together: all of them, but nothing that is heavy.
    "explorer": {"explorer"},
    "explorer.about": set(),
}  # fmt: skip


def is_within(name, package):
    return name == package or name.startswith(package + ".")


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(source, package):
    """Every absolute dotted name that a module in `package` imports, wherever it does so."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = [*(above if node.level else []), *([node.module] if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def layer_of(module):
    """The layer that a module belongs to; a new module beside the layers needs a rule first."""
    inner = [layer for layer in LAYERS if layer != "explorer" and is_within(module, layer)]
    assert inner or module == "explorer", f"{module} is in no layer of LAYERS"
    return max(inner, key=len) if inner else "explorer"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_module_imports_only_what_its_layer_may(path):
    module = module_name(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    allowed = LAYERS[layer_of(module)]
    wrong = [
        name
        for name in imported_names(path.read_text(encoding="utf-8"), package)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(is_within(name, prefix) for prefix in allowed)
    ]
    assert not wrong, f"{module} may not import {', '.join(wrong)}"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy as np, matplotlib.pyplot", ["numpy", "matplotlib.pyplot"]),
        ("from scipy import stats", ["scipy.stats"]),
        ("from . import kl_fit", ["explorer.panels.kl_fit"]),
        ("from .. import scene", ["explorer.scene"]),
        ("from ..core import Beta", ["explorer.core.Beta"]),
        ("def later():\n    from explorer import static", ["explorer.static"]),
    ],
)
def test_imports_are_found_however_they_are_written(source, names):
    assert list(imported_names(source, "explorer.panels")) == names


def modules_loaded_by(statement):
    code = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return set(run.stdout.split())


WIDGETS = {"ipywidgets", "anywidget", "IPython"}


@pytest.mark.parametrize(
    ("module", "too_heavy"),
    [
        ("explorer", {"matplotlib.pyplot", "scipy.stats", "pandas"}),
        ("explorer.core", {"matplotlib", "scipy.stats", "scipy.optimize", "pandas", *WIDGETS}),
        ("explorer.scene", {"matplotlib", "scipy", "pandas", *WIDGETS}),
        ("explorer.parts", {"matplotlib", "scipy.stats", "pandas", *WIDGETS}),
        *(
            (f"explorer.panels.{name}", {"matplotlib", "scipy.stats", "pandas", *WIDGETS})
            for name in explorer.PANELS
        ),
        ("explorer.data", {"matplotlib", "scipy", "pandas", *WIDGETS}),
        ("explorer.static", {"scipy.stats", "pandas", *WIDGETS}),
        ("explorer.stage", {"matplotlib", "scipy.stats", "pandas"}),
    ],
)
def test_import_loads_nothing_heavy(module, too_heavy):
    loaded = modules_loaded_by(f"import {module}")
    assert module in loaded
    assert not loaded & too_heavy
