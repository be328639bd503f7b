"""What README.md shows works as it is written there."""

import re
from pathlib import Path

import pytest

import explorer
from explorer import static
from explorer.scene import Choice, structure
from explorer.stage import Panel

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LESSONS = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def block(start):
    """The one block of code that begins with this line."""
    (found,) = (code for code in BLOCKS if code.startswith(start))
    return found


def test_the_new_panel_is_a_panel():
    names: dict = {"__name__": "coin"}
    exec(block('"""The entropy of a coin'), names)
    blueprint = names["coin"](0.2)
    panel = Panel(blueprint)
    assert repr(panel) == "coin(p=0.2): Heads with p = 0.200: a toss is worth 0.500 nats."
    panel.set(p=0.5)
    assert panel.frame["entropy"] == pytest.approx(0.6931471805599453)
    assert structure(blueprint.view(panel.state)) == structure(blueprint.view(blueprint.state))
    assert len(static.draw(blueprint.view(panel.state)).axes) == 1
    with pytest.raises(ValueError, match=r"^p = 1.5: allowed is a number from 0 to 1"):
        panel.set(p=1.5)
    panel.close()


def test_the_lines_for_a_notebook_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for start in ("import explorer", "panel.set(a=8", "explorer.beta_loss(a=30"):
        exec(block(start), names)
    assert repr(names["panel"].state) == "One(a=8.0, b=4.0, y=0.7, loss='full')"
    assert (tmp_path / "beta.pdf").stat().st_size > 0


def test_every_panel_stands_in_the_table_of_notebooks():
    for name in explorer.PANELS:
        assert f"`{name}`" in README


def test_every_picture_and_page_of_the_checkout_is_there():
    there = re.findall(r'(?:src|srcset)="(?!https:)([^"]*)"|\]\((?!https:)([^)#]*)\)', README)
    assert len(there) > 10
    for picture, page in there:
        assert (ROOT / (picture or page)).exists(), picture or page


def test_teachers_find_every_panel_and_every_chapter():
    for name in explorer.PANELS:
        assert f"`{name}`" in LESSONS
    chapters = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(re.findall(r"\]\(([^)]*)\)", LESSONS)) == chapters


def test_the_lesson_presses_buttons_that_are_there():
    pressed = re.findall("“(.*?)”", LESSONS)
    assert len(pressed) > 4
    there = {"▶ play"}
    for code in re.findall(r"`(explorer\..*?\))`", LESSONS):
        panel = eval(code, {"explorer": explorer})
        there |= {preset.label for preset in panel._session.scene.presets}
        for control in panel._session.controls.values():
            if isinstance(control, Choice):
                there |= {label for _, label in control.options}
    assert set(pressed) <= there
