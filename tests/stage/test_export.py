"""What a panel hands on: code, links, pictures and numbers, in files and in answers to a page."""

import csv
import io
import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest

import explorer
from explorer.about import SITE
from explorer.stage import links
from explorer.stage.export import export
from explorer.stage.session import Session


def blueprint(name, **options):
    return links._function(name)(**options)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", explorer.PANELS)
def test_numbers_are_those_on_screen_with_all_their_digits(name):
    start = blueprint(name)
    scene = start.view(start.state)
    named = json.loads(export("json", start, start.state), parse_constant=pytest.fail)
    assert named.keys() == scene.named.keys()
    for key, value in scene.named.items():
        if isinstance(value, float) and math.isfinite(value):
            assert named[key] == value
        if isinstance(value, np.ndarray) and np.isfinite(value).all():
            np.testing.assert_array_equal(named[key], value)
    table = rows(export("csv", start, start.state))
    line = next(m for plot in scene.plots for m in plot.marks if type(m).__name__ == "Line")
    found = [row for row in table if row["mark"] == "line"][: np.size(line.x)]
    np.testing.assert_array_equal([float(row["x"]) for row in found], line.x)
    np.testing.assert_array_equal([float(row["y"] or "nan") for row in found], line.y)


def test_infinite_and_missing_values_are_told_apart():
    start = blueprint("beta_loss", a=2, b=1, y=0.0)
    named = json.loads(export("json", start, start.state))
    assert named["loss"] == "Infinity"
    start = blueprint("beta_loss", a=1, b=1)
    assert json.loads(export("json", start, start.state))["mode"] is None


def test_both_ends_of_bars_and_areas_are_there():
    start = blueprint("categorical_loss")
    table = rows(export("csv", start, start.state))
    bars = [row for row in table if row["mark"] == "bars"]
    assert {row["to_y"] for row in bars} == {"0.0"}
    assert all("*" not in row["label"] + row["plot"] for row in table)


def test_a_panel_says_and_saves_its_state(tmp_path):
    panel = explorer.beta_loss(a=8, b=4)
    assert panel.code() == "explorer.beta_loss(a=8, b=4, y=0.7)"
    assert panel.link() == f"{SITE}/beta_loss/#a=8&b=4&y=0.7"
    assert panel.link("http://localhost:8000/") == "http://localhost:8000/beta_loss/#a=8&b=4&y=0.7"
    begins = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "csv": b"plot,", "json": b"{"}
    for ending, first in begins.items():
        panel.save(tmp_path / f"x.{ending}")
        panel.save(str(tmp_path / f"y.{ending.upper()}"))
        assert (tmp_path / f"x.{ending}").read_bytes().startswith(first)
        assert (tmp_path / f"y.{ending.upper()}").read_bytes().startswith(first)
    assert len(list(ElementTree.parse(tmp_path / "x.svg").iter())) > 100
    assert json.loads((tmp_path / "x.json").read_text())["loss"] == panel.frame["loss"]
    for path in ("x.gif", "x", ".svg"):
        with pytest.raises(ValueError, match=r"path = .*one that ends in .svg, .png, .pdf"):
            panel.save(path)
    panel.close()


def told(session, sent, **message):
    session.receive({"epoch": session.epoch, "type": "export", **message})
    (answer, _), *rest = sent
    assert not rest
    sent.clear()
    return answer


def test_a_page_is_told_of_the_state_that_it_shows_and_nothing_moves():
    sent = []
    start = blueprint("beta_loss")
    session = Session(start, lambda *message: sent.append(message))
    shown = [8.0, 4.0, 0.25, "kernel"]
    assert told(session, sent, what="code", state=shown) == {
        "epoch": 0,
        "exported": "code",
        "text": "explorer.beta_loss(a=8, b=4, y=0.25, loss='kernel')",
    }
    link = told(session, sent, what="link", state=shown)["text"]
    assert link == f"{SITE}/beta_loss/#a=8&b=4&y=0.25&loss=kernel"
    assert rows(told(session, sent, what="csv", state=shown)["text"])
    assert "nll" in json.loads(told(session, sent, what="json", state=shown)["text"])
    assert session.state == start.state


@pytest.mark.parametrize("what", ["py", "__class__", 3, None, ["code"], {}])
def test_nothing_else_can_be_wanted(what):
    sent = []
    session = Session(blueprint("beta_loss"), lambda *message: sent.append(message))
    answer = told(session, sent, what=what, state=session.settings)
    assert answer["refused"].startswith("what = ")
    answer = told(session, sent, what="code", state=[1, 2])
    assert answer["refused"].startswith("state = [1, 2]")
    for state in (None, {}, "abcd"):
        session.receive({"epoch": 0, "type": "export", "what": "code", "state": state})
    assert not sent
