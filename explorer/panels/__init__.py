"""The panels, one file each: a state, `view(state) -> Frame`, a spec. Pure functions all."""
