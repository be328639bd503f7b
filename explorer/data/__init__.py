"""Data to fit: small enough to ship, free to use, with source and licence beside each file."""

import csv
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["penguins"]


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

    lines = files(__name__).joinpath("penguins.csv").read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(lines) if row["bill_length_mm"] != "NA"]

    def column(name: str, dtype: type) -> "NDArray[Any]":
        return np.array([row[name] for row in rows]).astype(dtype)

    sex = column("sex", str)
    return {
        "species": column("species", str),
        "island": column("island", str),
        "bill_length": column("bill_length_mm", float),
        "bill_depth": column("bill_depth_mm", float),
        "flipper_length": column("flipper_length_mm", float),
        "body_mass": column("body_mass_g", float),
        "sex": np.where(sex == "NA", "unknown", sex),
        "year": column("year", int),
    }
