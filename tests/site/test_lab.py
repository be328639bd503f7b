"""JupyterLite: a panel lives in it, every chapter runs through, and all of it is the site's own."""

import json
import zipfile

import pytest

from explorer.site import pyodide
from tests.site.conftest import ROOT

TIMEOUT = 240_000  # milliseconds; on busy cores Python alone may take 100 seconds to start
OPENED = "02_beta_loss"
OTHERS = sorted({path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} - {OPENED})
SESSION = "jupyterapp.shell.currentWidget?.sessionContext?.session"
ERRORS = """jupyterapp.shell.currentWidget.content.model.sharedModel.cells
    .flatMap(cell => cell.outputs ?? [])
    .filter(output => output.output_type === "error")
    .map(error => `${error.ename}: ${error.evalue}`)"""
# A notebook hides the cells that are outside the view.
SHOW = """async stage => {
    const {content} = jupyterapp.shell.currentWidget;
    await content.scrollToCell(content.widgets.find(cell => cell.node.contains(stage)));
}"""
# Each cell's code in turn, as from a new kernel; what of it failed.
RUN = """async codes => {
    const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
    const failed = [];
    for (const code of ["%reset -f", ...codes]) {
        const {content} = await kernel.requestExecute({code}).done;
        if (content.status !== "ok") failed.push(`${code}: ${content.ename}: ${content.evalue}`);
    }
    return failed;
}"""


def test_its_python_has_all_that_the_package_needs(site):
    own = site / "lab" / "static" / "python"
    packages = json.loads((own / "packages.json").read_text())
    lock = json.loads((site / "lab" / "static" / "pyodide" / pyodide.LOCK).read_text())
    assert "loss-explorer" in packages
    for package in packages.values():
        assert set(package["depends"]) <= {*packages, *lock["packages"]}
        with zipfile.ZipFile(own / package["file_name"]) as wheel:
            assert wheel.testzip() is None


@pytest.fixture(scope="module")
def lab(browser, address):
    """A chapter in JupyterLite, its kernel at rest."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(TIMEOUT)
    foreign = []
    ours = (address, "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(ours) else foreign.append(r.url))
    page.goto(f"{address}lab/lab/index.html?path={OPENED}.ipynb")
    page.wait_for_function(f"window.jupyterapp && {SESSION}?.kernel?.status === 'idle'")
    yield page
    assert foreign == []
    page.close()


def test_a_panel_lives_and_follows_its_slider(lab):
    ran = lab.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    assert lab.evaluate(ERRORS) == []
    assert ran
    stage = lab.wait_for_selector(".explorer-stage[data-frame-state]", state="attached")
    stage.evaluate(SHOW)
    before = stage.get_attribute("data-frame-state")
    lab.locator(".explorer-control-a [role=slider]").first.press("ArrowRight")
    lab.wait_for_function("([stage, old]) => stage.dataset.frameState !== old", arg=[stage, before])
    (first, *_), (old, *_) = json.loads(stage.get_attribute("data-frame-state")), json.loads(before)
    assert first > old


@pytest.mark.parametrize("chapter", OTHERS)
def test_every_other_chapter_runs_through(lab, chapter):
    cells = json.loads((ROOT / "notebooks" / f"{chapter}.ipynb").read_text("utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert lab.evaluate(RUN, codes) == []
