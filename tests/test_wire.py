"""What a frame loses on the wire: nothing of its numbers and texts, little of what is drawn."""

import json
import random
import struct

import numpy as np
import pytest

from explorer.panels.beta_loss import beta_loss
from explorer.stage.wire import HIGHEST, LOWEST, NAN, encode

STEPS = HIGHEST - LOWEST - 2  # between a field's smallest and largest finite value


def decode(header, buffer):
    """A frame as the browser understands it, written anew from what `encode` documents."""
    header = json.loads(json.dumps(header))  # as it travels
    frame, offset = dict(header["texts"]), 0
    for name in header["numbers"]:
        (frame[name],) = struct.unpack_from("<d", buffer, offset)
        offset += 8
    for name, size in header["curves"]:
        frame[name] = np.frombuffer(buffer, "<f4", size, offset)
        offset += 4 * size
    for name, rows, columns, low, high in header["fields"]:
        steps = np.frombuffer(buffer, "<u2", rows * columns, offset).reshape(rows, columns)
        values = low + (steps - (LOWEST + 1.0)) / STEPS * (high - low)
        values[steps == LOWEST] = -np.inf
        values[steps == HIGHEST] = np.inf
        values[steps == NAN] = np.nan
        frame[name] = values
        offset += 2 * rows * columns
    assert offset == len(buffer), "the header does not account for the whole buffer"
    return frame


def round_trip(frame):
    return decode(*encode(frame))


@pytest.mark.parametrize(
    "number", [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, np.inf, -np.inf, np.nan, -0.0, 3]
)
def test_a_number_keeps_all_its_bits(number):
    (arrived,) = round_trip({"number": number}).values()
    assert struct.pack("<d", arrived) == struct.pack("<d", number)


def test_texts_and_switches_arrive_as_they_are():
    frame = {"said": "−log *p* → ∞", "labels": ("one", "two"), "empty": (), "dropped": True}
    expected = {**frame, "labels": ["one", "two"], "empty": []}
    assert round_trip(frame) == expected


def test_a_curve_is_rounded_to_float32_and_no_further():
    curve = np.array([0.1, -np.pi, 1e-30, np.inf, -np.inf, np.nan, -0.0])
    arrived = round_trip({"curve": curve})["curve"]
    np.testing.assert_array_equal(arrived, curve.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(arrived), np.signbit(curve))


def test_an_empty_curve_arrives_empty():
    assert round_trip({"curve": np.array([])})["curve"].size == 0


def test_a_field_is_rounded_to_one_of_65533_equal_steps():
    field = np.random.default_rng(0).normal(size=(7, 5))
    arrived = round_trip({"field": field})["field"]
    assert arrived.shape == (7, 5)
    np.testing.assert_allclose(arrived, field, rtol=0, atol=0.5001 * np.ptp(field) / 65532)


def test_a_field_keeps_its_infinities_and_gaps_apart_from_its_finite_values():
    field = np.array([[0.0, np.inf, 2.0], [-np.inf, np.nan, 1.0]])
    np.testing.assert_allclose(round_trip({"field": field})["field"], field, atol=2 / 65532)


@pytest.mark.parametrize("constant", [3.0, np.inf, -np.inf, np.nan])
def test_a_field_without_relief_arrives_flat(constant):
    field = np.full((2, 3), constant)
    np.testing.assert_array_equal(round_trip({"field": field})["field"], field)


def test_numbers_curves_and_fields_may_stand_in_any_order():
    frame = {
        "field": np.array([[0.0, 1.0]]),
        "one": 1.0,
        "curve": np.array([1.0, 2.0, 3.0]),
        "said": "text",
        "two": 2.0,
    }
    arrived = round_trip(frame)
    assert set(arrived) == set(frame)
    for name, value in frame.items():
        np.testing.assert_array_equal(arrived[name], value)


def test_what_equals_the_base_stays_at_home():
    grid, field = np.array([0.0, 1.0]), np.array([[1.0, 2.0]])
    base = {"grid": grid, "field": field, "n": 1.0, "nan": np.nan, "said": "same", "on": False}
    frame = {**base, "grid": grid.copy()}
    assert set(decode(*encode(frame, base))) <= {"nan"}


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
    ],
)
def test_what_differs_from_the_base_travels(old, new):
    assert set(decode(*encode({"entry": new}, {"entry": old}))) == {"entry"}


@pytest.fixture(scope="module")
def walk():
    """A Beta panel's first frame and those along a random walk: (base, frames)."""
    chance = random.Random(2)
    blueprint = beta_loss()
    state, frames = blueprint.state, []
    for _ in range(200):
        changes = {
            "a": chance.choice([0.05, 0.5, 1.0, round(chance.uniform(0.05, 20), 2)]),
            "b": chance.choice([0.05, 0.5, 1.0, round(chance.uniform(0.05, 20), 2)]),
            "y": chance.choice([0.0, 1.0, round(chance.uniform(0, 1), 3)]),
            "loss": chance.choice(["full", "kernel"]),
        }
        name = chance.choice(list(changes))
        state = type(state)(**{**vars(state), name: changes[name]})
        frames.append(blueprint.view(state))
    return blueprint.view(blueprint.state), frames


def test_a_frame_costs_at_most_10_kB_along_a_random_walk(walk):
    base, frames = walk
    sizes = []
    for frame in frames:
        header, buffer = encode(frame, base)
        sizes.append(len(json.dumps(header).encode()) + len(buffer))
    assert max(sizes) <= 10_000


def test_base_and_difference_together_are_the_frame(walk):
    base, frames = walk
    arrived_base = round_trip(base)
    for frame in frames:
        arrived = arrived_base | decode(*encode(frame, base))
        assert set(arrived) == set(frame)
        for name, value in frame.items():
            if isinstance(value, np.ndarray) and value.ndim == 2:
                finite = value[np.isfinite(value)]
                step = np.ptp(finite) / STEPS if finite.size else 0
                np.testing.assert_allclose(arrived[name], value, rtol=1e-12, atol=0.51 * step)
            elif isinstance(value, np.ndarray):
                with np.errstate(over="ignore"):
                    np.testing.assert_array_equal(arrived[name], value.astype(np.float32))
            elif isinstance(value, float):
                np.testing.assert_equal(arrived[name], value)
            else:
                assert arrived[name] == (list(value) if isinstance(value, tuple) else value)
