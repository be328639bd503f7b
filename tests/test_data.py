"""The penguins that are shipped are the penguins that were published."""

import csv
import doctest
from importlib.resources import files

import numpy as np
import pytest

import explorer.data
from explorer.data import penguins

MEASUREMENTS = ["bill_length", "bill_depth", "flipper_length", "body_mass"]


def test_file_holds_the_published_birds():
    with files("explorer.data").joinpath("penguins.csv").open(encoding="utf-8") as file:
        species = [row["species"] for row in csv.DictReader(file)]
    counts = {name: species.count(name) for name in species}
    assert counts == {"Adelie": 152, "Gentoo": 124, "Chinstrap": 68}


def test_only_the_two_unmeasured_birds_are_left_out():
    names, counts = np.unique(penguins()["species"], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        "Adelie": 151,
        "Chinstrap": 68,
        "Gentoo": 123,
    }


def test_columns_have_one_length_and_plain_types():
    birds = penguins()
    assert {name: (column.shape, column.dtype.kind) for name, column in birds.items()} == {
        "species": ((342,), "U"),
        "island": ((342,), "U"),
        "bill_length": ((342,), "f"),
        "bill_depth": ((342,), "f"),
        "flipper_length": ((342,), "f"),
        "body_mass": ((342,), "f"),
        "sex": ((342,), "U"),
        "year": ((342,), "i"),
    }
    assert all(birds[name].dtype == np.float64 for name in MEASUREMENTS)


def test_every_measurement_is_finite():
    birds = penguins()
    assert all(np.isfinite(birds[name]).all() for name in MEASUREMENTS)


# The summary tables of https://allisonhorst.github.io/palmerpenguins/, as printed there.
@pytest.mark.parametrize(
    ("species", "bill_length", "bill_depth", "flipper_length", "body_mass"),
    [
        ("Adelie", 38.8, 18.3, 190.0, 3701),
        ("Chinstrap", 48.8, 18.4, 196.0, 3733),
        ("Gentoo", 47.5, 15.0, 217.0, 5076),
    ],
)
def test_means_by_species(species, bill_length, bill_depth, flipper_length, body_mass):
    birds = penguins()
    of_species = birds["species"] == species
    mean = {name: birds[name][of_species].mean() for name in MEASUREMENTS}
    assert mean["bill_length"] == pytest.approx(bill_length, abs=0.05)
    assert mean["bill_depth"] == pytest.approx(bill_depth, abs=0.05)
    assert mean["flipper_length"] == pytest.approx(flipper_length, abs=0.5)
    assert mean["body_mass"] == pytest.approx(body_mass, abs=0.5)


def test_sex_has_a_word_for_not_known():
    names, counts = np.unique(penguins()["sex"], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        "female": 165,
        "male": 168,
        "unknown": 9,
    }


def test_rows_stay_together():
    """The first and the last bird of the file, column by column."""
    birds = penguins()
    first, last = ({name: column[i] for name, column in birds.items()} for i in (0, -1))
    assert tuple(first.values()) == (
        "Adelie", "Torgersen", 39.1, 18.7, 181.0, 3750.0, "male", 2007,
    )  # fmt: skip
    assert tuple(last.values()) == (
        "Chinstrap", "Dream", 50.2, 18.7, 198.0, 3775.0, "female", 2009,
    )  # fmt: skip


def test_bill_shape_is_a_proportion_that_tells_gentoos_apart():
    birds = penguins()
    shape = birds["bill_depth"] / birds["bill_length"]
    gentoo = birds["species"] == "Gentoo"
    adelie = birds["species"] == "Adelie"
    assert 0 < shape.min() < shape.max() < 1
    assert shape[gentoo].max() < shape[adelie].min()


def test_each_call_returns_arrays_of_its_own():
    changed, kept = penguins(), penguins()
    for name in MEASUREMENTS:
        changed[name][:] = 0
    changed["species"][:] = ""
    assert all(kept[name].min() > 0 and penguins()[name].min() > 0 for name in MEASUREMENTS)
    assert set(penguins()["species"]) == {"Adelie", "Chinstrap", "Gentoo"}


def test_source_and_licence_lie_beside_the_file():
    text = files("explorer.data").joinpath("penguins.md").read_text(encoding="utf-8")
    assert "CC0" in text
    assert "10.1371/journal.pone.0090081" in text


def test_example_in_the_docstring():
    result = doctest.testmod(explorer.data)
    assert result.attempted > 0
    assert result.failed == 0
