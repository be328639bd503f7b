"""Settings for all tests."""

import os

from hypothesis import settings

# In CI the same examples every time, so that what fails is due to the change; elsewhere new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
