"""JupyterLite: a panel lives in it, every chapter runs through, and all of it is the site's own."""

import json
import zipfile

import pytest

from explorer.site import pyodide
from tests.site.conftest import ROOT
from tests.site.light_page import TIMEOUT

SESSION = "jupyterapp.shell.currentWidget?.sessionContext?.session"
# Each cell's code in turn, as from a new kernel; what of it failed.
SHOW = """async () => {
    const notebook = jupyterapp.shell.currentWidget.content;
    const cell = notebook.widgets.find(cell => cell.node.querySelector(".explorer-stage"));
    if (cell) await notebook.scrollToCell(cell);
    return Boolean(cell);
}"""
RUN = """async codes => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const failed = [];
    for (const code of ["%reset -f", ...codes]) {
        const {content} = await kernel.requestExecute({code}).done;
        if (content.status !== "ok") failed.push(`${code}: ${content.ename}: ${content.evalue}`);
    }
    return failed;
}"""


@pytest.fixture(scope="module")
def lab(browser, address):
    """Chapter 02 in JupyterLite, where all of its cells are run."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(TIMEOUT)
    foreign = []
    ours = (address, "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(ours) else foreign.append(r.url))
    page.goto(f"{address}lab/lab/index.html?path=02_beta_loss.ipynb")
    page.wait_for_function(f"window.jupyterapp && {SESSION}?.kernel?.status === 'idle'")
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    yield page
    assert foreign == []
    page.close()


def test_a_panel_lives_and_follows_its_slider(lab):
    lab.wait_for_selector(".explorer-stage[data-frame-state]", state="attached")
    assert lab.evaluate(SHOW)
    stage = lab.locator(".explorer-stage[data-frame-state]").first
    stage.wait_for()
    before = stage.get_attribute("data-frame-state")
    lab.locator(".explorer-control-a [role=slider]").first.press("ArrowRight")
    lab.wait_for_function(
        "old => document.querySelector('.explorer-stage').dataset.frameState !== old", arg=before
    )
    (first, *_), (old, *_) = json.loads(stage.get_attribute("data-frame-state")), json.loads(before)
    assert first > old


def test_every_chapter_runs_through(lab):
    lab.wait_for_function(f"{SESSION}.kernel.status === 'idle'")
    chapters = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert len(chapters) == 8
    for path in chapters:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        assert lab.evaluate(RUN, codes) == [], path.name


def test_its_python_has_all_that_the_package_needs(site):
    own = site / "lab" / "static" / "python"
    packages = json.loads((own / "packages.json").read_text())
    lock = json.loads((site / "lab" / "static" / "pyodide" / pyodide.LOCK).read_text())
    assert "loss-explorer" in packages
    for package in packages.values():
        assert set(package["depends"]) <= {*packages, *lock["packages"]}
        with zipfile.ZipFile(own / package["file_name"]) as wheel:
            assert wheel.testzip() is None
