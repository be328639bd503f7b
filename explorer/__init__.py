"""Loss Explorer: where a loss comes from, what it does, and which way round the divergence goes.

Each panel is a function of this module: ``explorer.beta_loss(a=2, b=5, y=0.7)``. The mathematics
is in `explorer.core`, the real data in `explorer.data`. Importing this loads none of the three
until it is used.
"""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from inspect import signature
from typing import Any

__version__ = "0.1.0"

PANELS = (
    "beta_loss",
    "likelihood",
    "least_squares",
    "heteroscedastic",
    "bernoulli_loss",
    "empirical_kl",
    "kl_anatomy",
    "kl_fit",
    "alpha_fit",
    "categorical_loss",
    "point_estimate",
    "training",
)
__all__ = ["core", "data", *PANELS]


def __getattr__(name: str) -> Any:
    if name in ("core", "data"):
        return import_module(f"explorer.{name}")
    if name in PANELS:
        panel = globals()[name] = _panel(name)
        return panel
    raise AttributeError(f"module 'explorer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def _panel(name: str) -> Callable[..., Any]:
    blueprint = getattr(import_module(f"explorer.panels.{name}"), name)

    @wraps(blueprint)
    def panel(*args: Any, **options: Any) -> Any:
        from explorer.stage import Panel

        return Panel(blueprint(*args, **options))

    returned = "explorer.stage.Panel"
    panel.__signature__ = signature(blueprint).replace(return_annotation=returned)  # type: ignore[attr-defined]
    panel.__annotations__ = {**blueprint.__annotations__, "return": returned}
    return panel
