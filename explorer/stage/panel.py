"""`Panel`: a session with stock sliders and a stage that draws in the browser."""

import asyncio
import base64
import math
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic
from weakref import WeakMethod, finalize

import anywidget
import ipywidgets as widgets
import traitlets
from IPython import get_ipython

from explorer.about import SITE
from explorer.core import refuse
from explorer.scene import (
    DECIMALS,
    AnyState,
    Blueprint,
    Choice,
    Control,
    Setting,
    Slider,
    plain,
    tidy,
)
from explorer.stage.export import export, link
from explorer.stage.painter import Painter
from explorer.stage.session import Session
from explorer.stage.settings import entry, shares
from explorer.stage.source import script, style

if TYPE_CHECKING:
    from explorer.static import Picture

TURNS = 12  # of the loop between two batches sent ahead, which a question needs to come through
# A stock slider forces every value onto its grid, typed ones and those set in code too. So its own
# grid is made too fine to matter, and the stage keeps a handle that is dragged to the real one.
FINEST = 1e-9
NOISE = 1e-8
# A picture costs a quarter of a second: a cell that is run again shows the one that there is.
PICTURES = 8
_painter = Painter()
_pictures: deque[tuple[Any, Any, str]] = deque(maxlen=PICTURES)  # view, state, and its PNG


class Stage(anywidget.AnyWidget):
    """The drawing. `scene` is the session's opening of the present epoch.

    `last` is the picture at which it came to rest: what is seen where a notebook was saved with its
    widgets, and no kernel answers.
    """

    # As texts: anywidget would watch files, and for that keep every stage alive.
    _esm = script()
    _css = style()
    scene = traitlets.Dict().tag(sync=True)
    last = traitlets.Dict().tag(sync=True)
    controls = traitlets.Dict().tag(sync=True, **widgets.widget_serialization)


class Panel(Generic[AnyState]):
    """An interactive figure; leave it as the last line of a cell to display it.

    Every change, from code, a slider, a typed value, a drag or a button, moves the widgets in
    `controls` (by parameter name), and works the same with no browser at all.

    Attributes
    ----------
    controls : dict of str to widget
        The ipywidgets sliders and choices, by parameter name.
    """

    def __init__(self, blueprint: Blueprint[AnyState]) -> None:
        self._session = Session(blueprint, self._send, self._follow)
        self._sender: asyncio.Task[None] | None = None
        self.controls: dict[str, widgets.Widget] = {}
        self._made: dict[str, Control] = {}  # those that the widgets were made for
        # ipywidgets keeps every widget until it is closed. So widgets hold the panel weakly, unless
        # they are displayed, and it closes them when nothing else holds it.
        self._control_moves = _weakly(self._control_moved)
        self._hears = _weakly(self._answer)
        self._widgets: list[widgets.Widget] = []
        self._free = finalize(self, _close_all, self._widgets)
        self._free.atexit = False
        self._row = widgets.HBox()
        self._row.add_class("explorer-controls")
        self._make_controls()
        self._stage = Stage(controls=self.controls, scene=self._session.opening())
        self._stage.on_msg(self._hears)
        self._stage.add_class("explorer-stage")
        self._box = widgets.VBox([self._row, self._stage])
        self._box.add_class("explorer-panel")
        self._box.add_class(f"explorer-{blueprint.name.replace('_', '-')}")
        self._widgets[:0] = self._box, self._row, self._stage

    @property
    def widget(self) -> widgets.VBox:
        """What is displayed: the sliders above the drawing. It keeps the panel alive."""
        if self._free.alive:
            self._box.panel = self
        return self._box

    @property
    def state(self) -> AnyState:
        """The parameters as they are now (frozen; change them with `set`)."""
        return self._session.state

    @property
    def frame(self) -> Mapping[str, Any]:
        """What the panel means at this state, by name, with all its digits."""
        return self._session.scene.named

    def set(self, **changes: Any) -> None:
        """Move to the state in which the named parameters have these values.

        Of ``limits`` only some may be given; the others stay.

        Raises
        ------
        ValueError
            For an unknown parameter, a value outside its domain or outside its slider's limits.
            The panel then stays as it was.
        """
        self._session.set(**changes)

    def observe(self, callback: Callable[[AnyState], object]) -> None:
        """Call `callback(state)` after every change, whatever caused it.

        While something is dragged in the page, some five times a second.
        """
        self._session.observe(callback)

    def unobserve(self, callback: Callable[[AnyState], object]) -> None:
        """Stop calling `callback`."""
        self._session.unobserve(callback)

    def figure(self) -> "Picture":
        """This state as a new matplotlib Figure (not registered with pyplot), to style and save."""
        from explorer import static

        return static.draw(self._session.scene)

    def code(self) -> str:
        """The call that makes this state, with all digits: ``explorer.beta_loss(a=8, ...)``."""
        return export("code", self._session.blueprint, self.state)

    def link(self, base: str = SITE) -> str:
        """The address at which the site that begins at `base` opens this state.

        Raises
        ------
        ValueError
            Where the data do not fit into a link.
        """
        return link(self._session.blueprint.name, self.state, base)

    def save(self, path: str | Path) -> None:
        """Save the picture (.svg, .png, .pdf), its curves (.csv), or what it means (.json).

        Raises
        ------
        ValueError
            For a path with any other ending.
        """
        match Path(path).suffix.lower():
            case ".svg" | ".png" | ".pdf":
                self.figure().savefig(path, dpi=200)
            case ".csv" | ".json" as ending:
                text = export(ending[1:], self._session.blueprint, self.state)
                Path(path).write_text(text, encoding="utf-8")
            case _:
                refuse("path", str(path), "one that ends in .svg, .png, .pdf, .csv or .json")

    def close(self) -> None:
        """Take the panel out of the page and free all that it holds in the kernel and browser."""
        with self._session.alone():
            if self._stage.comm is None:
                return
            self._session.close()
            if self._sender is not None:
                self._sender.cancel()
            self._stage.on_msg(self._hears, remove=True)
            for control in self.controls.values():
                control.unobserve(self._control_moves, "value")
            self._box.panel = None
            self._free()

    def __repr__(self) -> str:
        session = self._session
        with session.alone():
            values = ", ".join(
                f"{c.name}={v:g}" if isinstance(c, Slider) else f"{c.name}={v!r}"
                for c, v in zip(session.controls.values(), session.settings, strict=True)
            )
            return f"{session.blueprint.name}({values}): {plain(str(session.scene.sentence))}"

    def _picture(self) -> str:
        view = self._session.blueprint.view
        with self._session.alone():
            for known, state, picture in _pictures:
                if known is view and state == self.state:
                    return picture
            picture = base64.b64encode(_painter.png(self._session.scene)).decode()
            _pictures.append((view, self.state, picture))
            return picture

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any] | tuple[dict[str, Any], Any]:
        # In the browser's own Python matplotlib would hold up the page for seconds.
        picture = {} if sys.platform == "emscripten" else {"image/png": self._picture()}
        bundle = {"text/plain": repr(self), **picture}
        if self._stage.comm is not None:  # else it is closed
            view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
            bundle["application/vnd.jupyter.widget-view+json"] = view
        # Colab displays no widget of ours without metadata, which a widget by itself has there.
        _, metadata = self._stage._repr_mimebundle_() or ({}, {})
        if picture and get_ipython():
            metadata = {**metadata, "image/png": {"alt": repr(self)}}
        return (bundle, metadata) if metadata else bundle

    def _send(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        self._stage.send(message, buffers)

    def _answer(self, _stage: Stage, message: Any, _buffers: object) -> None:
        waiting = self._session.receive(message)
        if isinstance(message, dict) and message.get("type") == "settle":
            self._stage.last = self._session.picture()
        if waiting and (self._sender is None or self._sender.done()):
            self._sender = asyncio.get_running_loop().create_task(self._send_ahead())

    async def _send_ahead(self) -> None:
        while self._session.send_some_ahead():
            for _ in range(TURNS):
                await asyncio.sleep(0)

    def _follow(self, names: Collection[str]) -> None:
        """Move the widgets to where code or a button has set their controls."""
        if self._session.epoch != self._stage.scene["epoch"]:
            with self._stage.hold_sync():
                outdated = self._make_controls()
                self._stage.controls = self.controls
                self._stage.scene = self._session.opening()
            for widget in outdated:
                widget.unobserve(self._control_moves, "value")
                self._widgets.remove(widget)
                _close(widget)
        else:
            self._stage.last = self._session.picture()
        for name in names:  # the others may be on their way with the pointer
            self.controls[name].value = entry(self.state, name)

    def _make_controls(self) -> list[widgets.Widget]:
        """Make a widget for each control that is new or has changed; return the outdated ones."""
        old, made = self.controls, self._made
        self.controls, self._made = {}, self._session.controls
        for name, control in self._made.items():
            if control == made.get(name):
                self.controls[name] = old[name]
            else:
                self.controls[name] = _widget(control, entry(self.state, name))
                self.controls[name].observe(self._control_moves, "value")
                self._widgets.append(self.controls[name])
        visible = [n for n, c in self._made.items() if isinstance(c, Slider) and c.visible]
        self._row.children = [self.controls[name] for name in visible]
        return [widget for name, widget in old.items() if widget is not self.controls.get(name)]

    def _control_moved(self, change: dict[str, Any]) -> None:
        widget = change["owner"]
        with self._session.alone():
            for name, control in self._session.controls.items():
                if self.controls[name] is widget:
                    try:
                        self._session.move(name, self._meant(control, widget.value))
                    except ValueError:
                        widget.value = entry(self.state, name)
                        raise
                    for group in shares(self._session.controls.values()):
                        if name in group and not widget._property_lock:  # a page moves all of them
                            self._follow(group)

    def _meant(self, control: Control, value: Any) -> Setting:
        """The setting that a slider had to round to this value."""
        if isinstance(control, Choice):
            return value
        noise = NOISE * (abs(value) if control.log else control.high - control.low)
        near = (exact for exact in self._exact(control, value) if abs(value - exact) < noise)
        return next(near, value)

    def _exact(self, control: Slider, value: float) -> Iterator[float]:
        yield entry(self.state, control.name)
        yield control.nearest(value)
        for preset in self._session.scene.presets:
            goal = preset.values.get(control.name)
            if goal is not None:
                yield goal
        yield tidy(value)


def _widget(control: Control, value: Setting) -> widgets.Widget:
    if isinstance(control, Choice):
        options = [(plain(text), option) for option, text in control.options]
        return widgets.ToggleButtons(options=options, value=value, description=control.label)
    finest = FINEST if control.log else FINEST * min(1.0, control.high - control.low)
    common = {"value": value, "step": finest, "description": control.symbol}
    if control.log:
        limits = {"min": math.log10(control.low), "max": math.log10(control.high), "base": 10.0}
        slider = widgets.FloatLogSlider(readout_format=f".{control.digits}g", **limits, **common)
    else:
        limits = {"min": control.low, "max": control.high}
        digits = f".{control.digits}f" if control.digits <= DECIMALS else ".4g"
        slider = widgets.FloatSlider(readout_format=digits, **limits, **common)
    slider.add_class(f"explorer-control-{control.name.replace('.', '-')}")
    return slider


def _weakly(method: Callable[..., object]) -> Callable[..., None]:
    reference = WeakMethod(method)

    def call(*given: object) -> None:
        alive = reference()
        if alive is not None:
            alive(*given)

    return call


def _close_all(items: list[widgets.Widget]) -> None:
    for item in items:
        _close(item)


def _close(item: widgets.Widget) -> None:
    for part in (getattr(item, "style", None), item.layout, item):
        if isinstance(part, widgets.Widget):
            part.close()
