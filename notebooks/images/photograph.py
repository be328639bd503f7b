"""Photograph the Beta panel for the README, live in JupyterLab, in the light and the dark theme.

In the checkout: `python -m notebooks.images.photograph`. It makes a picture of each theme, and a
short loop in which the observation moves to the prediction's mode and back.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from notebooks.save import with_palette
from tests.browser.jupyter_page import JupyterPage, JupyterServer, launch_chromium

FOLDER = Path(__file__).resolve().parent
CELLS = ("import explorer", "panel = explorer.beta_loss(a=2, b=5, y=0.7)\npanel")
MARGIN = 24  # pixels around the panel, in the colour of its page
FRAMES, LASTS, RESTS = 18, 70, 900  # pictures of one way, and ms: of one, and at either end
SMALLER = 0.5  # the loop's size, of the picture's


def photograph(server, browser, theme):
    """Save the picture and the loop of a theme, taken at twice a screen's usual resolution."""
    server.set_theme(theme)
    notebook = server.write(f"{theme}.ipynb", CELLS)
    page = JupyterPage(server, browser, notebook, viewport=(1320, 900), scale=2)
    page.open()
    page.run_all()
    page.wait_for(".explorer-panel svg")
    page.page.mouse.move(0, 0)
    page.page.wait_for_timeout(1000)  # the fonts and the first frames are there
    way = 0.45 + 0.25 * np.cos(np.linspace(0, np.pi, FRAMES))
    pictures = [at(page, round(float(y), 2)) for y in way]
    page.close()
    with_palette(pictures[0]).save(FOLDER / f"beta-loss-{theme}.png", optimize=True)
    size = tuple(int(SMALLER * length) for length in pictures[0].size)
    first, *others = [picture.resize(size, Image.Resampling.LANCZOS) for picture in pictures]
    first.save(
        FOLDER / f"beta-loss-{theme}.webp",
        save_all=True,
        append_images=[*others, *others[-2::-1]],
        duration=[RESTS, *[LASTS] * (FRAMES - 2), RESTS, *[LASTS] * (FRAMES - 2)],
        loop=0,
        quality=60,
        method=4,
    )


def at(page, y):
    """Return the panel's picture at an observation."""
    page.kernel.run(f"panel.set(y={y})")
    page.page.wait_for_function(
        "y => JSON.parse(document.querySelector('.explorer-stage').dataset.frameState)[2] === y",
        arg=y,
    )
    shot = page.page.locator(".explorer-panel").screenshot(animations="disabled")
    panel = Image.open(io.BytesIO(shot)).convert("RGB")
    size = (panel.width + 2 * MARGIN, panel.height + 2 * MARGIN)
    framed = Image.new("RGB", size, panel.getpixel((0, 0)))
    framed.paste(panel, (MARGIN, MARGIN))
    return framed


if __name__ == "__main__":
    with JupyterServer() as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        for theme in ("light", "dark"):
            photograph(server, browser, theme)
        browser.close()
