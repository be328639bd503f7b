"""The data that are shipped are the data that were published."""

import csv
import doctest
from importlib.resources import files

import numpy as np
import pytest

import explorer.data
from explorer.data import engel, penguins, weather

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


@pytest.mark.parametrize(
    ("name", "licence", "source"),
    [
        ("penguins", "CC0", "10.1371/journal.pone.0090081"),
        ("engel", "ublic domain", "Econometrica 50"),
        ("weather", "CC0", "mesonet.agron.iastate.edu"),
    ],
)
def test_source_and_licence_lie_beside_the_file(name, licence, source):
    folder = files("explorer.data")
    text = folder.joinpath(f"{name}.md").read_text(encoding="utf-8")
    assert licence in text
    assert source in text
    assert f"`{name}.csv`" in text
    assert len(folder.joinpath(f"{name}.csv").read_bytes()) < 100_000


def test_engel_holds_the_published_households():
    homes = engel()
    assert {name: (column.shape, column.dtype.name) for name, column in homes.items()} == {
        "income": ((235,), "float64"),
        "food": ((235,), "float64"),
    }
    # The line of least squares through quantreg's table in R: 0.48518 and 147.47539.
    slope, offset = np.polyfit(homes["income"], homes["food"], 1)
    assert (slope, offset) == pytest.approx((0.48518, 147.47539), abs=1e-5)
    assert (homes["income"][0], homes["food"][0]) == pytest.approx((420.158, 255.839), abs=1e-3)


def test_engels_law():
    """The share that is spent on food falls with income; what is spent spreads out."""
    homes = engel()
    share = homes["food"] / homes["income"]
    assert (share.min(), share.max()) == pytest.approx((0.34, 0.91), abs=0.005)
    poor = homes["income"] < np.median(homes["income"])
    assert share[poor].mean() > share[~poor].mean() + 0.03
    assert homes["food"][~poor].std() > 2 * homes["food"][poor].std()


def test_weather_has_every_third_hour_of_the_year():
    air = weather()
    assert {name: (column.shape, column.dtype.name) for name, column in air.items()} == {
        "day": ((2902,), "int64"),
        "hour": ((2902,), "int64"),
        "temperature": ((2902,), "float64"),
        "humidity": ((2902,), "float64"),
        "wind_direction": ((2902,), "float64"),
        "wind_speed": ((2902,), "float64"),
    }
    assert np.unique(air["hour"]).tolist() == [2, 5, 8, 11, 14, 17, 20, 23]
    assert np.unique(air["day"]).tolist() == list(range(1, 365))
    assert (np.diff(24 * air["day"] + air["hour"]) > 0).all()
    assert (air["hour"] == 14).sum() == 364


def test_weather_is_in_the_units_that_are_said():
    air = weather()
    temperature, humidity = air["temperature"], air["humidity"]
    assert -12 < temperature.min() < -9
    assert 35 < temperature.max() < 38
    assert (humidity > 0).all()
    assert (humidity <= 100).all()
    assert air["wind_speed"].max() == 17.0  # 33 knots
    first = [float(column[0]) for column in air.values()]
    assert first == [1, 2, 3.9, 59.4, 270, 5.1]  # 39.02 Fahrenheit, 11.5 miles an hour


def test_calm_has_direction_0_and_north_360():
    air = weather()
    direction, speed = air["wind_direction"], air["wind_speed"]
    assert np.isnan(direction).sum() == 19
    assert (speed[np.isnan(direction)] > 0).all()
    assert ((direction == 0) == (speed == 0)).all()
    assert np.nanmin(direction[speed > 0]) == 10
    assert np.nanmax(direction) == 360


@pytest.mark.parametrize(("first", "last", "spread"), [(1, 31, 5.3), (213, 243, 2.2)])
def test_winter_afternoons_differ_more_than_summer_ones(first, last, spread):
    air = weather()
    chosen = (air["hour"] == 14) & (first <= air["day"]) & (air["day"] <= last)
    assert chosen.sum() == 31
    assert air["temperature"][chosen].std() == pytest.approx(spread, abs=0.05)


def test_example_in_the_docstring():
    result = doctest.testmod(explorer.data)
    assert result.attempted > 0
    assert result.failed == 0
