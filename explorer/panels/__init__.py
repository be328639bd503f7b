"""The panels, one file each: its state, `view(state) -> Frame`, and its spec. Pure functions all."""
