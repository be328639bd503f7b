"""`Panel`: a blueprint brought to life with stock sliders and a stage that draws in the browser."""

import asyncio
import base64
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import wraps
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic

import anywidget
import ipywidgets as widgets
import traitlets

from explorer.spec import Blueprint, Choice, Frame, Setting, Slider, Spec, State, as_json, named
from explorer.stage.wire import encode

if TYPE_CHECKING:
    from explorer.static import Picture

BATCH, TURN = 8, 0.02  # frames sent ahead, or seconds, before the kernel's loop runs again
DEAR = 0.1  # seconds; when two frames running take longer, none are sent ahead
TURNS = 12  # of the loop, which a question needs to come through
# A stock slider forces every value onto its grid, typed ones and those set in code too. So its own
# grid is made too fine to matter, and the stage keeps a handle that is dragged to the real one.
FINEST = 1e-9
NOISE = 1e-8


def _one_at_a_time(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let no two threads change a panel at once.

    JupyterLab (4.4 and later) has widgets' messages handled in a thread beside that of the cells.
    """

    @wraps(method)
    def alone(panel: "Panel[Any]", *args: Any, **options: Any) -> Any:
        with panel._lock:
            return method(panel, *args, **options)

    return alone


class Stage(anywidget.AnyWidget):
    """The drawing. `scene` is its spec, its base frame and the epoch in which both are valid."""

    _esm = Path(__file__).with_name("stage.js")
    _css = Path(__file__).with_name("stage.css")
    scene = traitlets.Dict().tag(sync=True)
    controls = traitlets.Dict().tag(sync=True, **widgets.widget_serialization)


class Panel(Generic[State]):
    """An interactive figure; leave it as the last line of a cell to show it.

    Every change, from code, a slider, a typed value, a drag or a button, goes through the widgets
    in `controls` (by parameter name), and works the same with no browser at all.

    Attributes
    ----------
    widget : ipywidgets.VBox
        What is displayed: the sliders above the drawing.
    controls : dict of str to widget
        The ipywidgets sliders and choices, by parameter name.
    """

    def __init__(self, blueprint: Blueprint[State]) -> None:
        self._lock = RLock()
        self._blueprint = blueprint
        self._state = blueprint.state
        self._spec = self._checked_spec(blueprint.state)
        self._frame: Frame | None = None
        self._callbacks: list[Callable[[State], object]] = []
        self._ahead: deque[tuple[Sequence[Setting], Sequence[Setting]]] = deque()
        self._dear = False
        self._sender: asyncio.Task[None] | None = None
        self._moving = False

        self.controls: dict[str, widgets.Widget] = {}
        row = widgets.HBox()
        row.add_class("explorer-controls")
        self.widget = widgets.VBox([row])
        self._make_controls()
        self._epoch = 0
        self._stage = Stage(controls=self.controls, scene=self._new_scene())
        self._stage.on_msg(self._answer)
        self._stage.add_class("explorer-stage")
        self.widget.children = [row, self._stage]
        self.widget.add_class("explorer-panel")
        self.widget.add_class(f"explorer-{self._spec.name.replace('_', '-')}")

    @property
    def state(self) -> State:
        """The parameters as they are now (frozen; change them with `set`)."""
        return self._state

    @property
    @_one_at_a_time
    def frame(self) -> Frame:
        """All that is on screen at this state, by name, with all its digits."""
        if self._frame is None:
            self._frame = self._blueprint.view(self._state)
        return self._frame

    @_one_at_a_time
    def set(self, **changes: Any) -> None:
        """Move to the state in which the named parameters have these values.

        Raises
        ------
        ValueError
            For an unknown parameter, a value outside its domain or outside its slider's limits.
            The panel then stays as it was.
        """
        names = [f.name for f in fields(self._state)]  # type: ignore[arg-type]
        for name, value in changes.items():
            if name not in names:
                raise ValueError(
                    f"{name} = {value!r}: {self._spec.name} has no such parameter; "
                    f"it has {', '.join(names)}"
                )
        state = replace(self._state, **changes)  # type: ignore[type-var]
        data = set(names) - {name.partition(".")[0] for name in self.controls}
        spec = self._checked_spec(state)
        moves_data = spec != self._spec or any(
            getattr(state, f) != getattr(self._state, f) for f in data
        )
        frame = self._blueprint.view(state)
        if state == self._state:
            return
        old = dict(zip(self.controls, self._values(), strict=True))
        self._state, self._frame, self._spec = state, frame, spec
        if moves_data:
            self._epoch += 1
            self._ahead.clear()
            with self._stage.hold_sync():
                outdated = self._make_controls()
                self._stage.controls = self.controls
                self._stage.scene = self._new_scene()
            for control in outdated:
                control.unobserve(self._control_moved, "value")
                _close(control)
        else:
            self._send([self._values()], self._base[0])
        self._move_controls(old)
        self._notify()

    def observe(self, callback: Callable[[State], object]) -> None:
        """Call `callback(state)` after every change, whatever caused it.

        While something is dragged in the page, some five times a second.
        """
        self._callbacks.append(callback)

    def unobserve(self, callback: Callable[[State], object]) -> None:
        """Stop calling `callback`."""
        self._callbacks.remove(callback)

    def figure(self) -> "Picture":
        """This state as a new matplotlib Figure (not registered with pyplot), to style and save."""
        from explorer import static

        return static.draw(self._spec, self.frame)

    @_one_at_a_time
    def close(self) -> None:
        """Take the panel out of the page and free all that it holds in the kernel and browser."""
        if self._stage.comm is None:
            return
        self._ahead.clear()
        if self._sender is not None:
            self._sender.cancel()
        self._callbacks.clear()
        self._stage.on_msg(self._answer, remove=True)
        for control in self.controls.values():
            control.unobserve(self._control_moved, "value")
        row = self.widget.children[0]
        for item in (self.widget, row, self._stage, *self.controls.values()):
            _close(item)

    def __repr__(self) -> str:
        values = ", ".join(
            f"{c.name}={v:g}" if isinstance(c, Slider) else f"{c.name}={v!r}"
            for c, v in zip(self._spec.controls, self._values(), strict=True)
        )
        return f"{self._spec.name}({values}): {self.frame[self._spec.sentence]}".replace("*", "")

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {
            "text/plain": repr(self),
            "image/png": base64.b64encode(self.figure()._repr_png_()).decode(),
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget.model_id,
            },
        }

    def _make_controls(self) -> list[widgets.Widget]:
        """Make the controls that the spec names and are not there yet; return the outdated ones.

        A slider whose old and new values do not fit in both ranges is outdated too: while its
        range moves, the page would clamp it and send that back.
        """
        old = self.controls
        self.controls = {
            c.name: self._kept(c) or _control(c, _entry(self._state, c.name))
            for c in self._spec.controls
        }
        for name, control in self.controls.items():
            if control is not old.get(name):
                control.observe(self._control_moved, "value")
        shown = [c for c in self._spec.controls if isinstance(c, Slider) and c.shown]
        self.widget.children[0].children = [self.controls[c.name] for c in shown]
        return [control for name, control in old.items() if control is not self.controls.get(name)]

    def _kept(self, control: Slider | Choice) -> widgets.Widget | None:
        """The widget of this name, if it can stay."""
        widget = self.controls.get(control.name)
        if widget is None or isinstance(control, Choice):
            return widget
        ends = (
            (widget.base**widget.min, widget.base**widget.max)
            if control.log
            else (widget.min, widget.max)
        )
        new = _entry(self._state, control.name)
        fits = ends[0] <= new <= ends[1] and control.low <= widget.value <= control.high
        return widget if fits or ends == (control.low, control.high) else None

    def _values(self) -> list[Setting]:
        return [_entry(self._state, c.name) for c in self._spec.controls]

    def _checked_spec(self, state: State) -> Spec:
        spec = self._blueprint.spec(state)
        for control in spec.controls:
            value = _entry(state, control.name)
            if isinstance(control, Slider) and not control.low <= value <= control.high:
                raise ValueError(
                    f"{control.name} = {value!r} is outside the slider's limits "
                    f"{control.low:g} to {control.high:g}; "
                    f"widen them with limits={{{control.name!r}: (low, high)}}"
                )
        return spec

    def _new_scene(self) -> dict[str, Any]:
        spec = as_json(self._spec)
        self._drawn = frozenset(named(spec))
        self._base = self._values(), self._drawn_part(self.frame)
        header, buffer = encode(self._base[1])
        return {
            "epoch": self._epoch,
            "spec": spec,
            "state": self._base[0],
            "header": header,
            "buffer": buffer,
        }

    def _drawn_part(self, frame: Frame) -> Frame:
        """What the page needs of a frame; the rest is for those who ask in code."""
        return {name: value for name, value in frame.items() if name in self._drawn}

    @contextmanager
    def _moving_controls(self) -> Iterator[None]:
        self._moving = True
        try:
            yield
        finally:
            self._moving = False

    def _move_controls(self, old: Mapping[str, Setting]) -> None:
        with self._moving_controls():
            for control, value in zip(self._spec.controls, self._values(), strict=True):
                widget = self.controls[control.name]
                with widget.hold_sync():  # else the page clamps the old value and sends it back
                    if isinstance(control, Slider):
                        _set_range(widget, control)
                    if value != old.get(control.name):  # another may be in someone's hand
                        widget.value = value

    @_one_at_a_time
    def _control_moved(self, change: dict[str, Any]) -> None:
        if self._moving:
            return
        control = next(c for c in self._spec.controls if self.controls[c.name] is change["owner"])
        old, new = _entry(self._state, control.name), change["new"]
        if isinstance(control, Slider):
            close = (
                v for v in self._exact(control, old, new) if abs(new - v) < NOISE * max(1, abs(new))
            )
            new = next(close, new)
        if new == old:
            return
        try:
            self._state = _with_entries(self._state, {control.name: new})
        except ValueError:
            with self._moving_controls():
                change["owner"].value = old
            raise
        self._frame = None
        self._notify()

    def _exact(self, control: Slider, old: float, new: float) -> Iterator[float]:
        """What a slider may mean by a value that it had to round."""
        goals = [preset.values.get(control.name, old) for preset in self._spec.presets]
        yield old
        yield control.nearest(new)
        yield from (goal for goal in goals if not isinstance(goal, str))
        yield from (self.frame[goal[1:-1]] for goal in goals if isinstance(goal, str))  # "{entry}"
        yield float(f"{new:.12g}")

    def _notify(self) -> None:
        for callback in tuple(self._callbacks):
            callback(self._state)

    @_one_at_a_time
    def _answer(self, _stage: Stage, message: dict[str, Any], _buffers: object) -> None:
        """Answer the browser: `ask` wants frames now, `ahead` when there is time.

        Both as their difference from that of the state `base`, which the browser has; a state that
        cannot be has no frame, but a text that says why. `press` is a button whose values are no
        controls.
        """
        if message["epoch"] != self._epoch:
            return
        if message["type"] == "ask":
            self._send(message["states"], message["base"])
        elif message["type"] == "press":
            self._press(message["preset"])
        elif message["type"] == "ahead":
            if message["fresh"]:
                self._ahead.clear()
            self._ahead.extend((state, message["base"]) for state in message["states"])
            if self._sender is None or self._sender.done():
                self._sender = asyncio.get_running_loop().create_task(self._send_ahead())

    def _press(self, index: int) -> None:
        if index < 0:
            changes: Mapping[str, Any] = vars(self._blueprint.state)
        else:
            preset = self._spec.presets[index]
            changes = getattr(self._state, preset.method)() if preset.method else preset.values
        self.set(**changes)

    async def _send_ahead(self) -> None:
        while self._ahead:
            self._send_batch()
            for _ in range(TURNS):
                await asyncio.sleep(0)

    @_one_at_a_time
    def _send_batch(self) -> None:
        if self._ahead:
            _, base = self._ahead[0]
            self._send(self._next_ahead(base), base, ahead=True)

    def _next_ahead(self, base: Sequence[Setting]) -> Iterator[Sequence[Setting]]:
        start = time.perf_counter()
        for _ in range(BATCH):
            if not self._ahead or self._ahead[0][1] != base:
                return
            before = time.perf_counter()
            yield self._ahead.popleft()[0]
            now = time.perf_counter()
            dear = now - before > DEAR  # to be made on the chance that it is wanted
            if dear and self._dear:
                self._ahead.clear()
            self._dear = dear
            if now - start > TURN:
                return

    def _send(
        self, states: Iterable[Sequence[Setting]], base: Sequence[Setting], ahead: bool = False
    ) -> None:
        if base != self._base[0]:
            self._base = base, self._drawn_part(self._view(base))
        frames, buffers = [], []
        for values in states:
            try:
                header, buffer = encode(self._drawn_part(self._view(values)), self._base[1])
            except ValueError as error:  # the sliders allow more than the state: it says what
                header, buffer = {"refused": str(error)}, b""
            frames.append({"state": values, **header})
            buffers.append(buffer)
        message = {"epoch": self._epoch, "ahead": ahead, "base": base, "frames": frames}
        self._stage.send(message, buffers)

    def _view(self, values: Sequence[Setting]) -> Frame:
        state = _with_entries(self._state, dict(zip(self.controls, values, strict=True)))
        return self.frame if state == self._state else self._blueprint.view(state)


def _close(item: widgets.Widget) -> None:
    for part in (getattr(item, "style", None), item.layout, item):
        if isinstance(part, widgets.Widget):
            part.close()


def _entry(state: object, name: str) -> Any:
    """A field of the state, or with ``"field.2"`` one entry of a field that is a tuple."""
    field, _, index = name.partition(".")
    value = getattr(state, field)
    return value[int(index)] if index else value


def _with_entries(state: State, values: Mapping[str, Setting]) -> State:
    changes: dict[str, Any] = {}
    for name, value in values.items():
        field, _, index = name.partition(".")
        if index:
            entries = list(changes.get(field, getattr(state, field)))
            entries[int(index)] = value
            changes[field] = tuple(entries)
        else:
            changes[field] = value
    return replace(state, **changes)  # type: ignore[type-var]


def _control(control: Slider | Choice, value: Setting) -> widgets.Widget:
    if isinstance(control, Choice):
        options = [(text.replace("*", ""), key) for key, text in control.options]
        return widgets.ToggleButtons(options=options, value=value, description=control.label)
    common = {"value": value, "step": FINEST, "description": control.symbol}
    if control.log:
        limits = {"min": math.log10(control.low), "max": math.log10(control.high), "base": 10.0}
        slider = widgets.FloatLogSlider(readout_format=f".{control.digits}g", **limits, **common)
    else:
        limits = {"min": control.low, "max": control.high}
        slider = widgets.FloatSlider(readout_format=f".{control.digits}f", **limits, **common)
    slider.add_class(f"explorer-control-{control.name.replace('.', '-')}")
    return slider


def _set_range(slider: widgets.Widget, control: Slider) -> None:
    low, high = control.low, control.high
    if control.log:
        low, high = math.log10(low), math.log10(high)
    slider.description = control.symbol
    with slider.hold_trait_notifications():
        slider.min, slider.max = low, high
