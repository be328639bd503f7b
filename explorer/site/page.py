"""What runs in the browser's own Python: a session, and its messages as JSON to the page."""

import json
from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any

from explorer.scene import Blueprint
from explorer.stage.session import Session
from explorer.stage.settings import entry


def blueprint(name: str) -> Blueprint[Any]:
    """A panel as it starts."""
    start: Blueprint[Any] = getattr(import_module(f"explorer.panels.{name}"), name)()
    return start


class Page:
    """One panel on a page of its own.

    Parameters
    ----------
    name : str
        The panel's.
    post : callable
        ``post(text, buffers)`` takes a message, as JSON, and its buffers to the page.
    """

    def __init__(self, name: str, post: Callable[[str, list[bytes]], object]) -> None:
        self._post = post
        self.session = Session(blueprint(name), self._send, self._follow)
        self._open()

    def receive(self, text: str) -> bool:
        """Answer a message of the page; whether pictures wait for `send_some_ahead`."""
        return self.session.receive(json.loads(text))

    def send_some_ahead(self) -> bool:
        """Send a few of the pictures that are wanted ahead; whether more are waiting."""
        return self.session.send_some_ahead()

    def _open(self) -> None:
        opening = self.session.opening()
        self._epoch = self.session.epoch
        buffer = opening.pop("buffer")
        self._send({"opening": opening}, [buffer])

    def _send(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        self._post(json.dumps(message), buffers)

    def _follow(self, names: Collection[str]) -> None:
        if self.session.epoch != self._epoch:
            self._open()
        else:
            follow = {name: entry(self.session.state, name) for name in names}
            self._send({"follow": follow}, [])
