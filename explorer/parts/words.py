"""How numbers are written in sentences, so that none is called 0 or 1 that is not."""

import math

from explorer.scene import number

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def amount(value: float, least: float = 0.0, most: float = 1e5) -> str:
    """A number with three decimals; of a size not between `least` and `most`, by powers of ten."""
    if value == 0 or not math.isfinite(value) or least <= abs(value) < most:
        return number(value)
    digits, exponent = f"{value:.3e}".split("e")
    return f"{digits.replace('-', '−')}·10{str(int(exponent)).translate(RAISED)}"


def readable(value: float, most: float = 1e9) -> float:
    """The number; nan where it is so large that its decimals say nothing and have no room."""
    return value if abs(value) < most else math.nan


def subscript(index: int) -> str:
    """A number as it stands below a symbol: x₁."""
    return str(index).translate(LOWERED)


def listed(names: list[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def chance(p: float) -> str:
    """What follows "a probability": "of 0.818", "below 0.001", "above 0.999"."""
    return "below 0.001" if p < 0.0005 else "above 0.999" if p > 0.9995 else f"of {number(p)}"


def compared(p: float) -> str:
    """What follows "p": "= 0.818", "< 0.001", "> 0.999"."""
    return "< 0.001" if p < 0.0005 else "> 0.999" if p > 0.9995 else f"= {number(p)}"


def nats(loss: float) -> str:
    """A loss with its unit: "0.201 nats", "below 0.001 nats"."""
    return "below 0.001 nats" if 0 < loss < 0.0005 else f"{number(loss)} nats"


def exponential(power: float) -> str:
    """e to a power in decimals, or as it stands where decimals say nothing: "0.768", "e^−12.0"."""
    if math.isfinite(power) and not -7 < power < 9:
        return f"e^{number(power, 1)}"
    return number(math.exp(power) if power < 9 else power)
