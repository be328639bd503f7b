"""A panel as the page draws it, without Jupyter: ``python -m tests.browser.look coin coin.png``.

What the page complains of is an error, as in the tests.
"""

import argparse
from importlib import import_module

from playwright.sync_api import sync_playwright

from tests.browser.bare_page import BarePage
from tests.browser.jupyter_page import launch_chromium


def main():
    """Draw the panel's first state into a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.look", description=__doc__)
    parser.add_argument("name", help="a file in explorer/panels, in PANELS or not yet")
    parser.add_argument("file", help="a picture to write, .png")
    parser.add_argument("--width", type=int, default=1200, help="of the window, in pixels")
    given = parser.parse_args()
    blueprint = getattr(import_module(f"explorer.panels.{given.name}"), given.name)()
    with sync_playwright() as playwright:
        page = BarePage(launch_chromium(playwright), viewport={"width": given.width, "height": 800})
        page.draw(blueprint)
        page.page.screenshot(path=given.file)


if __name__ == "__main__":
    main()
