"""Fields of a state, and single entries of those that are tuples, by name: ``"w"``, ``"y.1"``."""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from numbers import Real
from typing import Any

from explorer.core import refuse
from explorer.scene import Choice, Control, Setting, Slider, State, tidy


def entry(state: State, name: str) -> Any:
    """The value of this name."""
    field, dot, index = name.partition(".")
    value = getattr(state, field)
    return value[int(index)] if dot else value


def with_entries(state: Any, changed: Mapping[str, Any]) -> Any:
    """The state in which these names have these values.

    Raises
    ------
    ValueError
        For an unknown name, and where the state refuses a value.
    """
    names = [f.name for f in fields(state) if "given" not in f.metadata]
    changes: dict[str, Any] = {}
    for name, value in changed.items():
        field, dot, index = name.partition(".")
        present: Any = changes.get(field, getattr(state, field, None))
        if type(value) is type(present) and value == present:
            continue
        if field not in names or (dot and not _has_entry(present, index)):
            refuse(name, value, f"one of the parameters {', '.join(names)}")
        if dot:
            value = (*present[: int(index)], value, *present[int(index) + 1 :])
        changes[field] = value
    return replace(state, **changes)


def with_room(state: State, controls: Collection[Control], changed: Mapping[str, Any]) -> Any:
    """The state in which these names have these values, and the shares beside them make room.

    Raises
    ------
    ValueError
        As `with_entries`.
    """
    changes = dict(changed)
    for group in shares(controls):
        given = [changed[name] for name in group if name in changed]
        others = [name for name in group if name not in changed]
        if not (given and others and all(isinstance(value, Real) for value in given)):
            continue
        room = 1.0 - sum(given)
        if 0.0 <= room <= 1.0:
            before = [entry(state, name) for name in others]
            total = sum(before)
            for name, share in zip(others, before, strict=True):
                part = share / total if total > 0 else 1 / len(others)
                changes[name] = tidy(room * part)
    return with_entries(state, changes)


def shares(controls: Collection[Control]) -> list[list[str]]:
    """The names of the sliders that are parts of 1, by what they are parts of."""
    sliders = [control for control in controls if isinstance(control, Slider) and control.share]
    groups = dict.fromkeys(slider.share for slider in sliders)
    return [[slider.name for slider in sliders if slider.share == group] for group in groups]


def _has_entry(value: object, index: str) -> bool:
    return isinstance(value, tuple) and index.isdecimal() and int(index) < len(value)


def without(state: Any, names: Collection[str]) -> list[Any]:
    """All that goes by none of these names, in the order of the fields."""
    rest: list[Any] = []
    for field in fields(state):
        value = getattr(state, field.name)
        if isinstance(value, tuple):
            value = [v for i, v in enumerate(value) if f"{field.name}.{i}" not in names]
        if field.name not in names:
            rest.append(value)
    return rest


def controls_of(state: State) -> dict[str, Control]:
    """The controls of a state by name, if it is inside the limits of their sliders."""
    controls = {control.name: control for control in state.controls()}
    for name, control in controls.items():
        value = entry(state, name)
        if isinstance(control, Slider) and not control.low <= value <= control.high:
            limit, reach = _limit_of(state, control), f"{control.low:g} to {control.high:g}"
            widen = f", the slider's limits; widen them with limits={{{limit!r}: (low, high)}}"
            refuse(name, value, reach + (widen if limit else ""))
    return controls


def _limit_of(state: Any, slider: Slider) -> str | None:
    """The name of the limits that a slider has its ends from, if they can be given."""
    limits: Mapping[str, Any] = getattr(state, "limits", {})
    field, ends = slider.name.partition(".")[0], (slider.low, slider.high)
    same = (name for name, pair in limits.items() if tuple(pair) == ends)
    return field if field in limits else next(same, None)


def allowed(control: Control, value: Any) -> Setting:
    """What a page has set a control to; the number of a slider is kept inside its limits."""
    if isinstance(control, Choice):
        options = [option for option, _ in control.options]
        if value in options:
            return options[options.index(value)]
        refuse(control.name, value, f"one of {', '.join(map(repr, options))}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(control.name, value, f"a number from {control.low:g} to {control.high:g}")
    return float(min(max(value, control.low), control.high))
