"""`Session`: answers what a page asks about a blueprint. It knows no widgets and no event loop.

So it serves a Jupyter panel, and also a page in whose browser Python itself runs.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import RLock
from time import perf_counter, process_time
from typing import Any, Generic, TypeAlias

from explorer.core import refuse
from explorer.scene import AnyState, Blueprint, Scene, Setting, structure, values
from explorer.stage.export import export
from explorer.stage.settings import (
    allowed,
    controls_of,
    entry,
    shares,
    with_entries,
    with_room,
    without,
)
from explorer.stage.wire import encode

Send: TypeAlias = Callable[[dict[str, Any], list[bytes]], object]
Follow: TypeAlias = Callable[[Collection[str]], object]

BATCH, TURN = 8, 0.02  # pictures sent ahead, or seconds, before the host's loop runs again
COSTLY = 0.1  # seconds; when two pictures running take longer, none are sent ahead
CROWDED = 4  # nor when they take so many times what they cost: others want the processor
TOLD = 1e-9  # by which the sum of shares may miss 1
ASKED, WAITING = 16, 1000  # pictures that one question may ask for, and that may wait at a time


class Session(Generic[AnyState]):
    """A blueprint's present state, and its pictures for a page that displays it.

    Parameters
    ----------
    blueprint : Blueprint
        What is displayed.
    send : callable
        ``send(message, buffers)`` takes an answer to the page.
    follow : callable, optional
        ``follow(names)`` is called, with the session locked, when code or a button has set these
        controls: the host moves its sliders, and where `epoch` is new sends the page an `opening`.

    Attributes
    ----------
    state : frozen dataclass
        The parameters as they are now.
    controls : dict of str to Slider or Choice
        The controls of this state, by name.
    settings : list of float, int or str
        What they are set to, in their order.
    epoch : int
        Counts the openings: pictures of another epoch are of other data or another structure.
    """

    state: AnyState
    settings: list[Setting]
    _scene: Scene | None

    def __init__(
        self, blueprint: Blueprint[AnyState], send: Send, follow: Follow = lambda names: None
    ) -> None:
        self._lock, self._depth = RLock(), 0
        self._telling, self._untold = RLock(), False
        self._send, self._follow = send, follow
        self._callbacks: list[Callable[[AnyState], object]] = []
        self._ahead: deque[tuple[Any, Any]] = deque()  # settings, and their base
        self._was_costly, self._given_up = False, 0
        self._told: dict[str, Any] = {}  # shares that do not sum to 1 yet
        self.blueprint, self.epoch = blueprint, 0
        self.controls = controls_of(blueprint.state)
        self._arrive(blueprint.state, blueprint.view(blueprint.state))
        self._structure = structure(self.scene)
        self._base: tuple[Any, list[Any]] = self.settings, values(self.scene)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other thread change the session; observers are called afterwards, unlocked.

        JupyterLab (4.4 and later) has widgets' messages handled in a thread beside that of the
        cells, and an observer may wait for the lock of another session.
        """
        with self._lock:
            before = self.state
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            changed = self._depth == 0 and self.state is not before
        if changed:
            self._tell()

    def _tell(self) -> None:
        # Of two threads at once one tells of both changes: else two sessions that follow each other
        # could pass two states to and fro.
        self._untold = True
        while self._untold and self._telling.acquire(blocking=False):
            try:
                self._untold = False
                for callback in tuple(self._callbacks):
                    callback(self.state)
            finally:
                self._telling.release()

    @property
    def scene(self) -> Scene:
        """All that is on screen at the present state."""
        with self.alone():
            if self._scene is None:
                self._scene = self.blueprint.view(self.state)
            return self._scene

    def set(self, **changes: Any) -> None:
        """Move to the state in which the named fields, or entries as ``"y.1"``, have these values.

        Of ``limits`` only some may be given; the others stay.

        Raises
        ------
        ValueError
            For an unknown name, a value outside its domain or outside its slider's limits. The
            session then stays as it was.
        """
        with self.alone():
            limits, present = changes.get("limits"), getattr(self.state, "limits", None)
            if isinstance(limits, Mapping) and isinstance(present, Mapping):
                changes["limits"] = {**present, **limits}
            self._become(with_room(self.state, self.controls.values(), changes))

    def move(self, name: str, value: Setting) -> None:
        """Follow a control that the page has moved; it asks for the pictures itself.

        Raises
        ------
        ValueError
            Where the state cannot be; the session then stays as it was.
        """
        with self.alone():
            setting = allowed(self.controls[name], value)
            group = next((group for group in shares(self.controls.values()) if name in group), [])
            if group:  # the page tells those that make room for one after the other
                self._told = {n: v for n, v in self._told.items() if n in group} | {name: setting}
            if setting != entry(self.state, name):
                told = self._told if group else {name: setting}
                self._arrive(with_room(self.state, self.controls.values(), told), None)
            if len(self._told) == len(group) and abs(sum(self._told.values()) - 1) < TOLD:
                self._told.clear()

    def press(self, index: int) -> None:
        """Press the button of this number; -1 goes back to where the session began."""
        with self.alone():
            if index == -1:
                self._become(self.blueprint.state)
            else:
                self.set(**self.scene.presets[index].values)

    def observe(self, callback: Callable[[AnyState], object]) -> None:
        """Call `callback(state)` after every change, whatever caused it."""
        self._callbacks.append(callback)

    def unobserve(self, callback: Callable[[AnyState], object]) -> None:
        """Stop calling `callback`."""
        self._callbacks.remove(callback)

    def close(self) -> None:
        """Send nothing more ahead, and forget who observes."""
        with self.alone():
            self._ahead.clear()
            self._callbacks.clear()

    def opening(self) -> dict[str, Any]:
        """What a page begins an epoch with: the controls, the structure, and all present values."""
        with self.alone():
            controls = self.controls.values()
            return {
                "name": self.blueprint.name,
                "controls": [{"kind": type(c).__name__.lower(), **vars(c)} for c in controls],
                "structure": self._structure,
                "reset": self._reset(),
                **self.picture(),
            }

    def picture(self) -> dict[str, Any]:
        """All present values, and the state that they are of."""
        with self.alone():
            header, buffer = encode(values(self.scene))
            return {"epoch": self.epoch, "state": self.settings, "header": header, "buffer": buffer}

    def _reset(self) -> dict[str, Setting] | None:
        """The settings with which the session began, if they alone lead back there."""
        began, names = self.blueprint.state, self.controls
        if controls_of(began) != names or without(began, names) != without(self.state, names):
            return None
        return {name: entry(began, name) for name in names}

    def receive(self, message: Any) -> bool:
        """Answer a message of the page; whether pictures wait for `send_some_ahead`.

        ``ask`` wants pictures now, ``ahead`` when there is time, both as their difference from
        that of the settings `base`, which the page has. ``press`` is a button that is more than
        its controls. ``export`` wants the code, the link or the numbers of a state as text.
        ``settle`` is where controls of the page stand, in case a move was lost; the answer says
        where they stand here. All else is ignored.
        """
        settled: dict[str, Any] = {}
        with self.alone():
            match message:
                case {"epoch": self.epoch, "type": "ask", "states": list(states), "base": base}:
                    self._answer(self._in_time(states), base)
                case {"epoch": self.epoch, "type": "ahead", "states": list(states), "base": base}:
                    if message.get("fresh"):
                        self._ahead.clear()
                    wanted = states[: WAITING - len(self._ahead)]
                    self._ahead.extend((settings, base) for settings in wanted)
                case {"epoch": self.epoch, "type": "press", "preset": int(index)}:
                    if -1 <= index < len(self.scene.presets):
                        with suppress(ValueError):  # one that is disabled
                            self.press(index)
                case {"epoch": self.epoch, "type": "export", "what": what, "state": list(settings)}:
                    self._export(what, settings)
                case {"epoch": self.epoch, "type": "settle", "settings": dict(settings)}:
                    settled = {"settled": settings, "missed": self._settle(settings)}
        with self.alone():  # once more: an observer may have moved on
            if settled:
                self._send({"epoch": self.epoch, **settled, "state": self.settings}, [])
            return bool(self._ahead)

    def send_some_ahead(self) -> bool:
        """Send a few of the pictures that are wanted ahead; whether more are waiting."""
        with self.alone():
            if self._ahead:
                base = self._ahead[0][1]
                self._answer(self._next_ahead(base), base, ahead=True)
            return bool(self._ahead)

    def _arrive(self, state: AnyState, scene: Scene | None) -> None:
        self.state, self._scene = state, scene
        self.settings = [entry(state, name) for name in self.controls]

    def _become(self, state: AnyState) -> None:
        self._told.clear()
        controls = controls_of(state)
        if state == self.state:
            return
        scene = self.blueprint.view(state)
        outline = structure(scene)
        before = dict(zip(self.controls, self.settings, strict=True))
        same_epoch = (
            controls == self.controls
            and outline == self._structure
            and without(state, controls) == without(self.state, controls)
        )
        self.controls, self._structure = controls, outline
        self._arrive(state, scene)
        if same_epoch:
            self._answer([self.settings], self._base[0])
        else:
            self.epoch += 1
            self._ahead.clear()
            self._base = self.settings, values(scene)
        self._follow([n for n in controls if n not in before or entry(state, n) != before[n]])

    def _settle(self, told: dict[str, Any]) -> bool:
        """Go where the page's controls stand; whether that was somewhere else."""
        missed: dict[str, Setting] = {}
        with suppress(ValueError):  # the page then stands where it cannot
            settings = {n: allowed(c, told[n]) for n, c in self.controls.items() if n in told}
            missed = {n: new for n, new in settings.items() if new != entry(self.state, n)}
            if missed:
                self._arrive(with_room(self.state, self.controls.values(), settings), None)
                self._follow(missed)
        return bool(missed)

    def _export(self, what: Any, settings: list[Any]) -> None:
        try:
            answer = {"text": export(what, self.blueprint, self._state(settings))}
        except ValueError as error:
            answer = {"refused": str(error)}
        self._send({"epoch": self.epoch, "exported": what, **answer}, [])

    def _next_ahead(self, base: Any) -> Iterator[Any]:
        start = perf_counter()
        for _ in range(BATCH):
            if not self._ahead or self._ahead[0][1] != base:
                return
            before, cost_before = perf_counter(), process_time()
            yield self._ahead.popleft()[0]
            now = perf_counter()
            took, cost = now - before, process_time() - cost_before
            costly = took > COSTLY or took > max(TURN, CROWDED * cost)
            if costly and self._was_costly:
                self._given_up += len(self._ahead)
                self._ahead.clear()
            self._was_costly = costly
            if now - start > TURN:
                return

    def _answer(self, states: Iterable[Any], base: Any, ahead: bool = False) -> None:
        """Send the pictures of these settings; in place of one that cannot be, why."""
        frames: list[dict[str, Any]] = []
        buffers: list[bytes] = []
        for settings in states:
            try:
                if base != self._base[0]:
                    self._base = base, self._values(base)
                header, buffer = encode(self._values(settings), self._base[1])
                frames.append({"state": settings, **header})
            except Exception as error:  # the sliders allow more than the state: the page says why
                why = str(error) if isinstance(error, ValueError) else repr(error)
                frames.append({"state": settings, "refused": why})
                buffer = b""
            buffers.append(buffer)
        message = {"epoch": self.epoch, "ahead": ahead, "base": base, "frames": frames}
        if ahead:  # the page does not wait for what was given up
            message["given_up"], self._given_up = self._given_up, 0
        self._send(message, buffers)

    def _in_time(self, states: list[Any]) -> Iterator[Any]:
        start = perf_counter()
        for settings in states[:ASKED]:
            yield settings
            if perf_counter() - start > COSTLY:
                return

    def _values(self, settings: Any) -> list[Any]:
        state = self._state(settings)
        return values(self.scene if state == self.state else self.blueprint.view(state))

    def _state(self, settings: Any) -> AnyState:
        """The state in which the controls have these settings."""
        controls = self.controls.values()
        if not isinstance(settings, list) or len(settings) != len(controls):
            refuse("state", settings, f"a list of {len(controls)} settings")
        all_three = zip(controls, settings, self.settings, strict=True)
        changes = {c.name: allowed(c, new) for c, new, now in all_three if new != now}
        changed: AnyState = with_entries(self.state, changes)
        return changed
