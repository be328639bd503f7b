"""Settings for the tests of the stage."""

import pytest

from explorer.stage import session


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch):
    """No batch is cut short because the machine is busy."""
    monkeypatch.setattr(session, "perf_counter", lambda: 0.0)
