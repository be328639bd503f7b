"""A notebook that was run and saved with its widgets, and is opened again: no kernel knows them."""

import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

import explorer
from tests.browser.jupyter_page import JupyterPage

CELLS = [
    "import explorer\npanel = explorer.beta_loss()\npanel",
    "panel.set(a=3.5)\nother = explorer.likelihood()\nother.widget",
]
ROOT = str(Path(explorer.__file__).parents[1])


@pytest.fixture
def reopened(server, browser):
    path = server.write("reopened.ipynb", CELLS)
    file = server.notebooks / "reopened.ipynb"
    notebook = nbformat.read(file, 4)
    resources = {"metadata": {"path": ROOT}}
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources=resources
    ).execute()
    nbformat.write(notebook, file)
    command = [sys.executable, "-m", "jupyter", "trust", file]
    subprocess.run(command, env=server._environment(), check=True, capture_output=True)
    page = JupyterPage(server, browser, path, "lab", viewport=(1400, 1400))
    page.open()
    yield page
    page.close()
    assert page.errors == []


def test_the_last_picture_is_seen_with_a_line_that_says_how_to_bring_it_to_life(reopened):
    reopened.wait_for(".explorer-stage[data-frame-state]")
    beta = reopened.page.locator(".explorer-beta-loss")
    expected = explorer.beta_loss(a=3.5)
    beta.get_by_text("3.5").first.wait_for()
    sentence = beta.locator(".explorer-sentence")
    assert sentence.inner_text() == repr(expected).partition(": ")[2]
    assert beta.locator(".explorer-line").first.get_attribute("d")
    notice = beta.locator(".explorer-notice")
    notice.wait_for()
    assert "Run the cell" in notice.inner_text()
    handle = beta.locator(".noUi-handle").first
    handle.focus()
    handle.press("ArrowRight")
    assert sentence.is_visible()
    expected.close()
