"""How small and large numbers are said, so that none is called 0 or 1 that is not."""

from explorer.spec import number


def chance(p: float) -> str:
    """What follows "a probability": "of 0.818", "below 0.001", "above 0.999"."""
    return "below 0.001" if p < 0.0005 else "above 0.999" if p > 0.9995 else f"of {number(p)}"


def compared(p: float) -> str:
    """What follows "p": "= 0.818", "< 0.001", "> 0.999"."""
    return "< 0.001" if p < 0.0005 else "> 0.999" if p > 0.9995 else f"= {number(p)}"


def nats(loss: float) -> str:
    """A loss with its unit: "0.201 nats", "below 0.001 nats"."""
    return "below 0.001 nats" if 0 < loss < 0.0005 else f"{number(loss)} nats"
