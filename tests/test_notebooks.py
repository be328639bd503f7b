"""The notebooks: short cells, more words than code, and panels that stay as the text says."""

import ast
import io
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

import explorer
from explorer.stage import Panel
from notebooks.save import with_palette

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def sources(path, kind):
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == kind]


def prose(path):
    return "\n".join(sources(path, "markdown"))


def run(source, namespace):
    """Execute a cell; return the value of its last expression, which is what Jupyter displays."""
    cell = ast.parse(source)
    last = cell.body.pop() if isinstance(cell.body[-1], ast.Expr) else None
    exec(compile(cell, "<cell>", "exec"), namespace)
    if last is not None:
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    return None


@each
def test_panels_end_as_they_were_displayed_and_have_the_buttons_of_the_text(path):
    namespace, displayed = {}, []
    for source in sources(path, "code"):
        value = run(source, namespace)
        if isinstance(value, Panel):
            displayed.append((source, value, value.state))
    assert displayed
    moved = [source for source, panel, state in displayed if panel.state != state]
    assert not moved, "later cells moved the panels of: " + "; ".join(moved)
    buttons = {preset.label for _, panel, _ in displayed for preset in panel._session.scene.presets}
    named = re.findall(r"""(?:[Pp]ress|button) ["*]([^"*]+)["*]""", prose(path))
    assert set(named) <= buttons


@each
def test_code_cells_are_short_and_plain(path):
    for source in sources(path, "code"):
        assert source.count("\n") < 10, source
        kinds = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda
        assert not any(isinstance(node, kinds) for node in ast.walk(ast.parse(source))), source


@each
def test_the_first_code_cell_holds_the_imports(path):
    imports = ast.Import, ast.ImportFrom
    first, *others = [ast.parse(source) for source in sources(path, "code")]
    assert all(isinstance(node, imports) for node in first.body)
    assert not any(isinstance(node, imports) for cell in others for node in ast.walk(cell))


@each
def test_ten_words_stand_beside_each_line_of_code(path):
    words = prose(path).split()
    lines = [line for source in sources(path, "code") for line in source.splitlines() if line]
    assert len(words) >= 10 * len(lines)


@each
def test_the_beginning_says_how_to_bring_the_panels_to_life(path):
    assert "run the cells: Run → Run All Cells" in sources(path, "markdown")[0]


@each
def test_nats_are_introduced_where_they_are_first_used(path):
    first = re.search(r"\W?\bnats?\b\W?", prose(path))
    assert first is None or first[0].startswith("*"), first


def test_a_saved_picture_keeps_its_colours():
    picture = io.BytesIO(explorer.likelihood().figure()._repr_png_())
    image = Image.open(picture).convert("RGB")
    saved = with_palette(image).convert("RGB")
    assert np.abs(np.asarray(saved, int) - np.asarray(image, int)).max() < 12
