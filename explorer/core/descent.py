"""Descents of KL(p||q) or KL(q||p) over Normals q, step by step, to be drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np

from .divergences import line
from .family import Family
from .normal import Normal
from .normal_fits import Surface, forward_kl, reverse_kl
from .parameter import FloatArray, one_of, positive, refuse, whole

T = TypeVar("T")
At: TypeAlias = Callable[[FloatArray], Surface]
Move: TypeAlias = Callable[[FloatArray, Surface], tuple[FloatArray, Surface]]


@dataclass(frozen=True, eq=False)
class Path:
    """The points of a descent from its start on, arrays of shape (n,), gradient (n, 2).

    The gradient is that in (mu, log sigma), 0 along what is fixed.  ``converged`` says that the
    last one, with mu measured in standard deviations of p, is below 1e-8.
    """

    mu: FloatArray
    sigma: FloatArray
    value: FloatArray
    gradient: FloatArray
    converged: bool


def descend(
    p: Family,
    start: Normal,
    direction: str,
    *,
    method: str = "gradient",
    steps: int = 500,
    rate: float = 0.1,
    fixed_sigma: float | None = None,
) -> Path:
    """Return the descent of a KL divergence from ``start``, p a Normal or Mixture.

    Parameters
    ----------
    start : Normal with single numbers
    direction : "forward" for KL(p||q), "reverse" for KL(q||p)
    method : "gradient" (with backtracking: it never climbs), "adam" (steps of constant rate, which
        may climb) or "newton" (curvature made positive, with backtracking)
    steps : the most steps that are taken
    rate : length of a step over the gradient, mu measured in standard deviations of p
    fixed_sigma : keeps sigma at this value; only mu is free

    Raises
    ------
    ValueError
        If an argument is none of these.
    """
    line("p", p)
    if not isinstance(start, Normal) or start.mean().ndim:
        refuse("start", start, "a Normal with single numbers as parameters")
    divergence = DIRECTIONS[one_of("direction", direction, DIRECTIONS)]
    rule = RULES[one_of("method", method, RULES)]
    steps = whole("steps", steps, 0)
    rate = positive("rate", rate)
    sigma = start.sigma if fixed_sigma is None else positive("fixed_sigma", fixed_sigma)
    unit = np.array([np.sqrt(p.variance()), 1.0])
    free = np.array([1.0, fixed_sigma is None])

    def at(point: FloatArray) -> Surface:
        """The divergence in the units of the steps, flat along what is fixed."""
        value, gradient, hessian = divergence(p, *(point * unit))
        return Surface(value, gradient * unit * free, hessian * np.outer(unit * free, unit * free))

    point = np.array([start.mu, np.log(sigma)]) / unit
    here = at(point)
    points, surfaces = [point], [here]
    move = rule(at, rate)
    for _ in range(steps):
        if np.abs(here.gradient).max() < 1e-10:
            break
        point, here = move(point, here)
        points.append(point)
        surfaces.append(here)
    mu, log_sigma = (np.array(points) * unit).T
    gradient = np.array([surface.gradient for surface in surfaces]) / unit
    return Path(
        mu,
        np.exp(log_sigma) if fixed_sigma is None else np.full(mu.shape, sigma),
        np.array([surface.value for surface in surfaces]),
        gradient,
        bool(np.abs(here.gradient).max() < 1e-8),
    )


def _downhill(at: At, rate: float) -> Move:
    """Gradient descent."""
    return lambda point, here: _backtracked(at, point, here, -rate * here.gradient)


def _newton(at: At, rate: float) -> Move:
    """Newton's method on the curvatures' absolute values, so that it leads down everywhere."""

    def move(point: FloatArray, here: Surface) -> tuple[FloatArray, Surface]:
        curvatures, axes = np.linalg.eigh(here.hessian)
        along = (axes.T @ here.gradient) / np.maximum(np.abs(curvatures), 1e-6)
        return _backtracked(at, point, here, -axes @ along)

    return move


def _adam(at: At, rate: float) -> Move:
    """Adam with the usual constants."""
    mean, square, count = np.zeros(2), np.zeros(2), 0

    def move(point: FloatArray, here: Surface) -> tuple[FloatArray, Surface]:
        nonlocal mean, square, count
        count += 1
        mean = 0.9 * mean + 0.1 * here.gradient
        square = 0.999 * square + 0.001 * np.square(here.gradient)
        size = np.sqrt(square / (1 - 0.999**count)) + 1e-12
        point = point - rate * (mean / (1 - 0.9**count)) / size
        return point, at(point)

    return move


def _backtracked(
    at: At, point: FloatArray, here: Surface, step: FloatArray
) -> tuple[FloatArray, Surface]:
    """Take the step, at most half a unit long, halved until the divergence falls."""
    step = step / max(1.0, 2 * float(np.hypot(*step)))
    gain = 1e-4 * float(here.gradient @ step)
    for _ in range(60):
        there = at(point + step)
        # Close to the optimum the value no longer says where it is: the gradient does.
        flat = there.value <= here.value + 1e-14 * max(1.0, abs(float(here.value)))
        steeper = np.abs(there.gradient).max() > np.abs(here.gradient).max()
        if there.value <= here.value + gain or (flat and not steeper):
            return point + step, there
        step, gain = step / 2, gain / 2
    return point, here


DIRECTIONS = {"forward": forward_kl, "reverse": reverse_kl}
RULES = {"gradient": _downhill, "adam": _adam, "newton": _newton}
