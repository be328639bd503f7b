"""In each theme the panel stands on a background of its own, with the contrast of WCAG AA."""

import re
from importlib import import_module

import pytest

from tests.browser.bare_page import BarePage

HOSTS = {
    "a plain page": ("", ""),
    "JupyterLab, light": ('data-jp-theme-light="true"', ""),
    "JupyterLab, dark": ('data-jp-theme-light="false"', ""),
    "VS Code, light": ("", "vscode-light"),
    "VS Code, dark": ("", "vscode-dark"),
    "VS Code, high contrast": ("", "vscode-high-contrast"),
    "VS Code, high contrast light": ("", "vscode-high-contrast vscode-high-contrast-light"),
}
DARK = {"JupyterLab, dark", "VS Code, dark", "VS Code, high contrast"}
# VS Code gives these to what stands in an output, whose own background stays white.
VSCODE = {
    "VS Code, light": {"foreground": "#000000", "background": "#ffffff"},
    "VS Code, dark": {"foreground": "#d4d4d4", "background": "#1e1e1e"},
    "VS Code, high contrast": {"foreground": "#ffffff", "background": "#000000"},
    "VS Code, high contrast light": {"foreground": "#292929", "background": "#ffffff"},
}
COLOURS = """() => {
    const panel = document.querySelector('.explorer-panel');
    const ground = getComputedStyle(panel).backgroundColor;
    const texts = [...panel.querySelectorAll(
        '.explorer-sentence, .explorer-title, .explorer-formula, .explorer-value')];
    const drawn = [...panel.querySelectorAll('.explorer-labels text, .explorer-ticks text')];
    return [ground, [...texts.map(node => getComputedStyle(node).color),
                     ...drawn.map(node => getComputedStyle(node).fill)]];
}"""


def luminance(colour):
    """The relative luminance of "rgb(...)" (WCAG 2.1)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """The contrast ratio of two colours (WCAG 2.1)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("host", HOSTS)
def test_every_text_can_be_read_on_the_panels_own_background(browser, host):
    page = BarePage(browser, *HOSTS[host], viewport={"width": 1100, "height": 800})
    for name, colour in VSCODE.get(host, {}).items():
        page.page.evaluate(
            "([name, colour]) => document.documentElement.style.setProperty(name, colour)",
            [f"--vscode-editor-{name}", colour],
        )
    page.draw(import_module("explorer.panels.kl_fit").kl_fit())
    ground, colours = page.page.evaluate(COLOURS)
    assert ground.startswith("rgb("), "the panel is transparent"
    assert (luminance(ground) < 0.1) == (host in DARK)
    assert len(colours) > 30
    for colour in colours:
        assert contrast(colour, ground) >= 4.5, f"{colour} on {ground}"
    page.close()


def test_the_contrast_is_the_one_of_the_standard():
    assert contrast("rgb(255, 255, 255)", "rgb(0, 0, 0)") == pytest.approx(21)
    assert contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)") == pytest.approx(4.54, abs=0.01)
