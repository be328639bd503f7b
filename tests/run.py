"""Run every check of Loss Explorer, from a clean clone, with nothing but Python 3.11 or newer:

    python3 tests/run.py            # everything
    python3 tests/run.py -k beta    # arguments go on to pytest

Makes or reuses the environment `.venv` in the checkout and installs the package and its tools
there. Looks for a Chromium, and installs Debian's where there is none: the browser tests are
never skipped. Then runs ruff, mypy and pytest, which also executes the notebooks; every one runs,
whatever the ones before it found. Without arguments pytest runs twice at the same time: the tests
in a browser, which wait most of the time, and beside them, with what they leave of the processor,
all others.
"""

from __future__ import annotations  # an older Python must get as far as the message for it

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
PROGRAMS = ENVIRONMENT / "bin"
PYTHON = PROGRAMS / "python"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NBVAL = (
    "--nbval",
    "--nbval-current-env",  # the kernel is .venv's own
    "--nbval-sanitize-with=tests/nbval_sanitize.cfg",
    "--nbval-cell-timeout=120",
)
IN_A_BROWSER = ("tests/browser", "tests/site")
# What would mix another Python, or the notebook that this was started from, into the environment.
FOREIGN = {"MPLBACKEND", "PYTHONHOME", "PYTHONPATH"}


def environment() -> dict[str, str]:
    """Return the caller's variables as they are inside `.venv`."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    path = os.pathsep.join([str(PROGRAMS), kept.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(ENVIRONMENT)}


def succeeds(*command: str | Path, quiet: bool = False) -> bool:
    """Run a command in the checkout and inside `.venv`; a missing program is a failure too."""
    output = subprocess.DEVNULL if quiet else None
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=output, stderr=output)
    except OSError:
        return False
    return done.returncode == 0


def prepare_environment() -> None:
    """Make `.venv` unless one that works is there; bring what it holds up to date."""
    if not succeeds(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))", quiet=True):
        succeeds(sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
    pip = (PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    if not (succeeds(*pip, "--version", quiet=True) or succeeds(PYTHON, "-m", "ensurepip")):
        sys.exit(f"{ENVIRONMENT} cannot be made: {sys.executable} -m venv must work.")
    if not succeeds(*pip, "install", "--editable", ".[test]"):
        sys.exit("The package and its test tools cannot be installed: see pip's message above.")


def find_browser() -> str | None:
    """Return the path of a Chromium that the browser tests can use."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def prepare_browser() -> None:
    """Install Debian's Chromium where there is no browser to be found."""
    if find_browser():
        return
    print("No Chromium on the PATH: installing Debian's", flush=True)
    root = () if os.geteuid() == 0 else ("sudo",)
    apt = (*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes")
    if not (succeeds(*apt, "update") and succeeds(*apt, "install", "chromium") and find_browser()):
        sys.exit("The browser tests need Chromium: install one as " + " or ".join(BROWSERS) + ".")


def check(*command: str) -> bool:
    """Run one of the tools, after a line that says how to do so by hand."""
    print(f"\n$ {shlex.join(command)}", flush=True)
    return succeeds(PYTHON, "-m", *command)


def run_both_parts() -> bool:
    """Run the tests in a browser and, at the lowest priority beside them, all others."""
    others = ["pytest", *NBVAL, *(f"--ignore={folder}" for folder in IN_A_BROWSER)]
    with tempfile.TemporaryFile() as output:
        niced = ("nice", "-n", "19", PYTHON, "-m", *others)
        beside = subprocess.Popen(niced, cwd=ROOT, env=environment(), stdout=output, stderr=output)
        passed = check("pytest", *IN_A_BROWSER)
        passed = beside.wait() == 0 and passed
        print(f"\n$ {shlex.join(others)}", flush=True)
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
        sys.stdout.flush()
    return passed


def main() -> int:
    """Prepare, run every check, and tell by the exit code whether all passed."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is who tells an older Python's user
        sys.exit(f"Loss Explorer needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    prepare_browser()
    prepare_environment()
    linters = ("ruff check", "ruff format --check", "mypy")
    failed = [linter for linter in linters if not check(*linter.split())]
    if not (check("pytest", *NBVAL, *sys.argv[1:]) if sys.argv[1:] else run_both_parts()):
        failed.append("pytest")
    if failed:
        print(f"FAILED: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
