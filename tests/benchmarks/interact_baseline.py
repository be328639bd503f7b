"""The status quo: the Beta loss as a notebook has it today, with `interact` and `plt.show()`."""

import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import FloatSlider, interact
from scipy.stats import beta


def draw(a, b, y):
    """Three axes: the density, the loss over y, the landscape of the loss over (a, b)."""
    grid = np.linspace(0.001, 0.999, 400)
    _, (density, loss, landscape) = plt.subplots(1, 3, figsize=(13, 4))

    density.plot(grid, beta.pdf(grid, a, b))
    density.fill_between(grid, beta.pdf(grid, a, b), alpha=0.3)
    density.axvline(y, color="black")
    density.set(title="Density", xlabel="y", ylabel="p(y | a, b)")

    loss.plot(grid, -beta.logpdf(grid, a, b))
    loss.plot(y, -beta.logpdf(y, a, b), "o")
    loss.set(title="Loss", xlabel="y", ylabel="-log p(y | a, b)")

    all_a, all_b = np.meshgrid(np.linspace(0.1, 10, 48), np.linspace(0.1, 10, 48))
    bands = landscape.contourf(all_a, all_b, -beta.logpdf(y, all_a, all_b), levels=20)
    landscape.plot(a, b, "o", color="white")
    landscape.set(title="Loss over (a, b)", xlabel="a", ylabel="b")
    plt.colorbar(bands, ax=landscape)

    plt.tight_layout()
    plt.show()


def show():
    """What a teacher writes in a cell; the function that `interact` returns has the widgets."""
    return interact(
        draw,
        a=FloatSlider(value=2, min=0.1, max=10, step=0.05),
        b=FloatSlider(value=5, min=0.1, max=10, step=0.05),
        y=FloatSlider(value=0.7, min=0, max=1, step=0.005),
    )
