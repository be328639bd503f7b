"""Builds the pages that need no server: a light page for every panel, the notebooks beside them."""
