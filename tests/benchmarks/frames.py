"""How long the kernel takes for a frame: every panel, each of its controls dragged across.

`python tests/benchmarks/frames.py` (`NAME ...`, `--drags 12`, `--each` for a line for each
control). Each drag starts where all other controls are set at random.
"""

import argparse
import math
import time
from importlib import import_module

import numpy as np

from explorer import PANELS
from explorer.scene import Slider
from explorer.stage.session import Session
from explorer.stage.settings import entry, with_room

POSITIONS = 40  # of each drag
MIXTURES = {
    count: {
        "means": means,
        "sigmas": (1.0, 0.8, 1.2, 0.6, 1.0)[:count],
        "weights": (0.3, 0.2, 0.25, 0.15, 0.1)[:count],
    }
    for count, means in enumerate(
        (
            (0.0,),
            (-3.0, 3.0),
            (-5.0, 0.0, 5.0),
            (-5.0, -1.5, 2.0, 6.0),
            (-6.0, -3.0, 0.0, 3.0, 6.0),
        ),
        start=1,
    )
}


def cases():
    """Panels to measure, by name: with their own settings, and others that cost more."""
    for name in PANELS:
        if name not in ("kl_fit", "alpha_fit"):
            yield name, {}
    for count, p in MIXTURES.items():
        yield "kl_fit", p
        yield "kl_fit", p | {"fixed_sigma": 1.0}
        for method in ("gradient", "adam", "newton"):
            if count in (2, 5):
                yield "kl_fit", p | {"step": 80, "method": method}
        yield "alpha_fit", p


def setting(rng, control):
    """One of a control's settings at random, on its grid."""
    if isinstance(control, Slider):
        return control.nearest(control.low + rng.random() * (control.high - control.low))
    return control.options[rng.integers(len(control.options))][0]


def frames(blueprint, drags, rng, kept=()):
    """By control, processor ms of each frame of some drags from random states."""
    took = {}
    session = Session(blueprint, lambda message, buffers: None)
    controls = session.controls
    for name, control in controls.items():
        took[name] = []
        for _ in range(drags):
            free = {n: setting(rng, c) for n, c in controls.items() if n not in kept}
            shares = [n for n in free if getattr(controls[n], "share", None)]
            total = sum(free[n] for n in shares)
            free |= {n: free[n] / total if total else 1 / len(shares) for n in shares}
            session.set(**free)
            base = session.settings
            ask = {"type": "ask", "epoch": session.epoch, "states": [base], "base": base}
            session.receive(ask)
            if isinstance(control, Slider):
                ends = np.linspace(control.low, control.high, POSITIONS)
                way = dict.fromkeys(map(control.nearest, ends.tolist()))
            else:
                way = [option for option, _ in control.options]
            for value in way:
                moved = with_room(session.state, controls.values(), {name: value})
                settings = [entry(moved, n) for n in controls]
                start = time.process_time()
                session.receive(ask | {"states": [settings]})
                took[name].append(1e3 * (time.process_time() - start))
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of panels; by default all")
    parser.add_argument("--drags", type=int, default=6, help="of each control")
    parser.add_argument("--each", action="store_true", help="a line for each control")
    options = parser.parse_args()
    rng = np.random.default_rng(20240607)
    print(f"{'ms':62}{'median':>8}{'95 %':>8}{'max':>8}")

    def show(label, times):
        ordered = sorted(times)
        p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
        print(f"{label:62}{np.median(times):8.2f}{p95:8.2f}{ordered[-1]:8.2f}", flush=True)

    for name, given in cases():
        if options.names and name not in options.names:
            continue
        words = {k: v for k, v in given.items() if k not in ("means", "sigmas", "weights")}
        count = f"K = {len(given['means'])} " if "means" in given else ""
        blueprint = getattr(import_module(f"explorer.panels.{name}"), name)(**given)
        took = frames(blueprint, options.drags, rng, kept=words)
        label = f"{name} {count}{' '.join(f'{k}={v}' for k, v in words.items())}"
        show(label, [one for times in took.values() for one in times])
        if options.each:
            for control, times in took.items():
                show(f"    {control}", times)


if __name__ == "__main__":
    main()
