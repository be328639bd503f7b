"""What runs in the browser's own Python: a session, and its messages as JSON to the page."""

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from explorer.scene import State
from explorer.stage import links
from explorer.stage.session import Session
from explorer.stage.settings import entry

Post = Callable[[str, list[bytes]], object]


class Page:
    """One panel on a page of its own.

    Parameters
    ----------
    name : str
        The panel's.
    query : str
        The state that the page's address asks for: what follows its "#".
    post : callable
        ``post(text, buffers)`` takes a message, as JSON, and its buffers to the page.
    """

    def __init__(self, name: str, query: str, post: Post) -> None:
        self._name, self._post = name, post
        self.open(query)

    def open(self, query: str) -> None:
        """Go where a link leads; the page is told what of it was ignored."""
        blueprint, problems = links.opened(self._name, query)
        self.session = Session(blueprint, self._send, self._follow)
        self.session.observe(self._tell_address)
        self._send_opening(problems)

    def receive(self, text: str) -> bool:
        """Answer a message of the page; whether pictures wait for `send_some_ahead`."""
        return self.session.receive(json.loads(text))

    def send_some_ahead(self) -> bool:
        """Send a few of the pictures that are wanted ahead; whether more are waiting."""
        return self.session.send_some_ahead()

    def _send_opening(self, problems: Collection[str] = ()) -> None:
        opening = self.session.opening()
        self._epoch = self.session.epoch
        buffer = opening.pop("buffer")
        self._send({"opening": opening, "problems": list(problems)}, [buffer])

    def _send(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        self._post(json.dumps(message), buffers)

    def _follow(self, names: Collection[str]) -> None:
        if self.session.epoch != self._epoch:
            self._send_opening()
        else:
            follow = {name: entry(self.session.state, name) for name in names}
            self._send({"follow": follow}, [])

    def _tell_address(self, state: State) -> None:
        query = ""  # data that no address can carry
        with suppress(ValueError):
            query = links.query(self._name, state)
        self._send({"query": query}, [])
