"""What a scene loses on the wire: nothing of its numbers and texts, little of what is drawn."""

import json
import random
import struct
from dataclasses import replace

import numpy as np
import pytest

from explorer.scene import values
from explorer.stage.wire import HIGHEST, LOWEST, encode
from tests.stage.toy import assert_same_values, decode, toy

STEPS = HIGHEST - LOWEST - 2  # between a field's smallest and largest finite value


def round_trip(*sent):
    arrived = decode(*encode(sent))
    assert sorted(arrived) == list(range(len(sent)))
    return arrived


def one(value):
    return round_trip(value)[0]


@pytest.mark.parametrize(
    "number", [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, np.inf, -np.inf, np.nan, -0.0, 3]
)
def test_a_number_keeps_all_its_bits(number):
    assert struct.pack("<d", one(number)) == struct.pack("<d", number)


def test_limits_keep_all_their_bits():
    assert one((0.1, -np.inf)) == (0.1, -np.inf)


@pytest.mark.parametrize("text", ["−log *p* → ∞", "", True, False])
def test_texts_and_switches_arrive_as_they_are(text):
    assert one(text) is text or one(text) == text


@pytest.mark.parametrize("texts", [("one", "two"), ()])
def test_texts_of_many_points_arrive_as_a_list(texts):
    assert one(texts) == list(texts)


def test_a_curve_is_rounded_to_float32_and_no_further():
    curve = np.array([0.1, -np.pi, 1e-30, np.inf, -np.inf, np.nan, -0.0])
    np.testing.assert_array_equal(one(curve), curve.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(one(curve)), np.signbit(curve))


def test_what_is_beyond_all_float32_is_drawn_at_infinity():
    np.testing.assert_array_equal(one(np.array([1e300, -1e300])), [np.inf, -np.inf])


def test_an_empty_curve_arrives_empty():
    assert one(np.array([])).size == 0


def test_a_field_is_rounded_to_one_of_65533_equal_steps():
    field = np.random.default_rng(0).normal(size=(7, 5))
    assert one(field).shape == (7, 5)
    np.testing.assert_allclose(one(field), field, rtol=0, atol=0.5001 * np.ptp(field) / 65532)


def test_a_field_keeps_its_infinities_and_gaps_apart_from_its_finite_values():
    field = np.array([[0.0, np.inf, 2.0], [-np.inf, np.nan, 1.0]])
    np.testing.assert_allclose(one(field), field, atol=2 / 65532)


@pytest.mark.parametrize("constant", [3.0, np.inf, -np.inf, np.nan])
def test_a_field_without_relief_arrives_flat(constant):
    field = np.full((2, 3), constant)
    np.testing.assert_array_equal(one(field), field)


def test_an_array_in_several_slots_travels_once():
    curve, field = np.linspace(0, 1, 50), np.eye(3)
    values = [curve, 1.0, field, curve, "text", field, curve.copy()]
    header, buffer = encode(values)
    assert header["same"] == [(3, 0), (5, 2)]
    assert len(buffer) == 8 + 2 * 4 * curve.size + 2 * field.size
    assert_same_values(decode(header, buffer), values)


def test_an_array_that_is_new_in_one_slot_and_known_in_another_arrives_in_both():
    known, new = np.zeros(4), np.ones(4)
    base, values = [known, new, known], [new, new, new]
    header, buffer = encode(values, base)
    assert (header["curves"], header["same"]) == ([(0, 4)], [(2, 0)])
    arrived = decode(header, buffer, dict(enumerate(base)))
    assert_same_values(arrived, values)


def test_values_of_all_kinds_may_stand_in_any_order():
    kinds = [np.array([[0.0, 1.0]]), 1.0, np.array([1.0, 2.0, 3.0]), "text", (0.0, 5.0), ("a", "b")]
    chance = random.Random(1)
    for _ in range(30):
        sent = chance.choices(kinds, k=9)
        assert_same_values(round_trip(*sent), sent)


def test_what_equals_the_base_stays_at_home():
    grid, field = np.array([0.0, np.nan]), np.array([[1.0, 2.0]])
    base = [grid, field, 1.0, "same", False, ("a",), (0.0, 1.0), np.nan]
    sent = [grid.copy(), field, 1.0, "same", False, ("a",), (0.0, 1.0), float("nan")]
    assert list(decode(*encode(sent, base))) == [7]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (1.0, 1.0000000000000002),
        (1.0, True),
        ("1", "2"),
        (False, True),
        (np.array([0.0, 1.0]), np.array([0.0, 1.0, 2.0])),
        (np.array([0.0, 1.0]), np.array([0.0, np.nextafter(1.0, 2.0)])),
        (np.array([[0.0, 1.0]]), np.array([[0.0, 2.0]])),
        (("a",), ("a", "b")),
        ((0.0, 1.0), (0.0, 2.0)),
        (1.0, np.array([1.0])),
        (np.array([1.0]), 1.0),
        ("", ()),
    ],
)
def test_what_differs_from_the_base_travels(old, new):
    assert list(decode(*encode([0.0, new], [0.0, old]))) == [1]


def test_a_base_of_another_structure_is_refused():
    with pytest.raises(ValueError, match="zip"):
        encode([1.0, 2.0], [1.0])


@pytest.fixture(scope="module")
def walk():
    """The toy's first values and those along a random walk."""
    chance = random.Random(2)
    blueprint = toy()
    state, steps = blueprint.state, []
    for _ in range(200):
        changes = {
            "a": chance.choice([0.0, 20.0, round(chance.uniform(0, 20), 2)]),
            "b": chance.choice([0.1, 100.0, round(chance.uniform(0.1, 100), 3)]),
            "loss": chance.choice(["square", "absolute"]),
            "y": (0.1, chance.random(), chance.random()),
        }
        name = chance.choice(list(changes))
        state = replace(state, **{name: changes[name]})
        steps.append(values(blueprint.view(state)))
    return values(blueprint.view(blueprint.state)), steps


def test_base_and_difference_together_are_the_scene(walk):
    base, steps = walk
    for sent in steps:
        assert_same_values(decode(*encode(sent, base), round_trip(*base)), sent)


def test_the_difference_is_small_as_json_and_as_bytes(walk):
    base, steps = walk
    whole = encode(base)
    for sent in steps:
        header, buffer = encode(sent, base)
        assert len(json.dumps(header)) < 600
        assert len(buffer) < len(whole[1]) / 2
