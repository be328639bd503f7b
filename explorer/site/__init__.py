"""Builds the pages that need no server: one light page a panel, and the notebooks in JupyterLite."""
