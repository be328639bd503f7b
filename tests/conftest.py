"""Settings for all tests."""

import os

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from tests.browser.jupyter_page import launch_chromium

# In CI the same examples every time, so that what fails is due to the change; elsewhere new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="module")
def browser():
    """One headless Chromium a module; no longer, for Playwright's loop forbids another one."""
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        yield chromium
        chromium.close()
