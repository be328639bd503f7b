"""A blueprint in the page: only `Panel` knows ipywidgets and anywidget, a `Session` neither."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.stage.panel import Panel

__all__ = ["Panel"]


def __getattr__(name: str) -> Any:
    if name == "Panel":
        from explorer.stage.panel import Panel

        return Panel
    raise AttributeError(f"module 'explorer.stage' has no attribute {name!r}")
