"""A panel in the page: the only layer that knows ipywidgets and anywidget."""

from explorer.stage.panel import Panel

__all__ = ["Panel"]
