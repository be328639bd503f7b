"""Fixtures for tests in a real browser: a server a session, a Chromium a module, pages."""

import itertools
import re

import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.browser.jupyter_page import JupyterPage, JupyterServer

pytest.register_assert_rewrite("tests.browser.beta_panel")

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server():
    """One Jupyter server for the whole run."""
    with JupyterServer() as running:
        yield running


@pytest.fixture
def open_notebook(server, browser, request):
    """Open a notebook: `open_notebook(cells, where=, theme=, run=, viewport=, scale=)`.

    cells : a list of code, a string a cell.
    where : "lab" (JupyterLab) or "notebook" (Notebook 7).
    theme : "light" or "dark".
    run : run all cells before the `JupyterPage` is returned.

    After the test any console or page error fails it; clear `page.errors` where one is expected.
    """
    yield from _notebooks(server, browser, request.node)


@pytest.fixture(scope="module")
def open_shared_notebook(server, browser, request):
    """The same for pages that all tests of a module share; an error fails the test that made it."""
    yield from _notebooks(server, browser, request.node)


@pytest.fixture(autouse=True)
def _complain(request):
    """Fail a test after which a page that its module shares complains."""
    yield
    _report_errors(request.node, _pages_of(request.node.getparent(pytest.Module)))


def _notebooks(server, browser, node):
    pages = node.stash[_PAGES] = []

    def open_page(cells, where="lab", theme="light", run=True, **options):
        server.set_theme(theme)
        path = server.write(f"test-{next(_numbers)}.ipynb", cells)
        page = JupyterPage(server, browser, path, where, **options)
        pages.append(page)
        page.open()
        if run:
            page.run_all()
        return page

    yield open_page
    try:
        _report_errors(node, pages)
    finally:
        for page in pages:
            page.close()
            if page.kernel:
                server.rest("DELETE", f"kernels/{page.kernel.id}")


def _report_errors(node, pages):
    errors = [error for page in pages for error in page.errors]
    pictures = _photograph(node) if errors else []
    for page in pages:
        page.errors.clear()
    if errors:
        pytest.fail("\n".join(["the page reported errors:", *errors, *pictures]), pytrace=False)


def _pages_of(node):
    return node.stash.get(_PAGES, [])


_PAGES = pytest.StashKey[list]()
_FOLDER = pytest.StashKey[object]()


def _photograph(item):
    """Save a picture of every page that the test has open; return lines that name them."""
    if _FOLDER not in item.session.stash:
        factory = item.config._tmp_path_factory
        item.session.stash[_FOLDER] = factory.mktemp("screenshots")
    name = re.sub(r"[^\w.-]+", "_", item.name)
    lines = []
    pages = {id(page): page for node in item.listchain() for page in _pages_of(node)}
    for number, page in enumerate(pages.values()):
        path = item.session.stash[_FOLDER] / f"{name}-{number}.png"
        try:
            lines.append(f"screenshot: {page.screenshot(path)}")
        except PlaywrightError as error:  # the page itself may be what failed
            lines.append(f"no screenshot: {error}")
    return lines


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Photograph the pages of a failed test while they are open, and say where the pictures are."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed and (lines := _photograph(item)):
        report.sections.append(("Browser", "\n".join(lines)))
