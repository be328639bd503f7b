"""Photograph the Beta panel for the README, live in JupyterLab, in the light and the dark theme.

In the checkout: `python -m notebooks.images.photograph`.
"""

from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from notebooks.save import with_palette
from tests.browser.jupyter_page import JupyterPage, JupyterServer, launch_chromium

FOLDER = Path(__file__).resolve().parent
CELLS = ("import explorer", "explorer.beta_loss(a=2, b=5, y=0.7)")
MARGIN = 24  # pixels around the panel, in the colour of its page


def photograph(server, browser, theme):
    """Save a picture of the panel in a theme, at twice a screen's usual resolution."""
    server.set_theme(theme)
    notebook = server.write(f"{theme}.ipynb", CELLS)
    page = JupyterPage(server, browser, notebook, viewport=(1320, 900), scale=2)
    page.open()
    page.run_all()
    page.wait_for(".explorer-panel svg")
    page.page.mouse.move(0, 0)
    page.page.wait_for_timeout(1000)  # the fonts and the first frames are there
    path = FOLDER / f"beta-loss-{theme}.png"
    page.screenshot(path, ".explorer-panel")
    page.close()
    panel = Image.open(path).convert("RGB")
    size = (panel.width + 2 * MARGIN, panel.height + 2 * MARGIN)
    framed = Image.new("RGB", size, panel.getpixel((0, 0)))
    framed.paste(panel, (MARGIN, MARGIN))
    with_palette(framed).save(path, optimize=True)


if __name__ == "__main__":
    with JupyterServer() as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for theme in ("light", "dark"):
            photograph(server, browser, theme)
        browser.close()
