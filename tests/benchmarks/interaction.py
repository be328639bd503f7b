"""How fast does the picture follow the slider? `interact` + `plt.show()` against our panel.

Both are measured in one run, on one machine, in the same JupyterLab in the same Chromium, with real
mouse events: `python tests/benchmarks/interaction.py` (`--quick`, `--soak`, `--only interact`).

`--panels --against CHECKOUT` compares every panel with that of another commit (`git worktree add`).
"""

import argparse
import contextlib
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from explorer import PANELS  # noqa: E402
from tests.benchmarks.proxy import delayed  # noqa: E402
from tests.benchmarks.watched import EXPLORER, INTERACT, Watched, panel_candidate  # noqa: E402
from tests.browser.jupyter_page import JupyterServer, free_port, launch_chromium  # noqa: E402

ROUND_TRIP = 0.150  # seconds, added: what Binder is like


def imports(statement, repeats):
    """Median seconds and peak MB of a statement in a fresh interpreter."""
    code = f"""import re, time
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
peak = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())
print(seconds, int(peak[1]) / 1024)"""
    runs = []
    for _ in range(repeats + 1):  # the first one warms the disk's cache
        run = [sys.executable, "-c", code]
        output = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT).stdout
        runs.append([float(word) for word in output.split()])
    return [statistics.median(column) for column in zip(*runs[1:], strict=True)]


def p95(times):
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


def measure(candidate, server, browser, port, quick, soak):
    """All numbers of one candidate, by row of the table."""
    rows = {}
    for delay in (0.0, ROUND_TRIP / 2):
        through = delayed(server.port, delay) if delay else contextlib.nullcontext(server.url)
        at = f"RTT {2000 * delay:.0f} ms: "
        with through as address:
            watched = Watched(candidate, server, browser, port, address)
            print(f"{candidate.name}, {at}running ...", file=sys.stderr)
            if not delay:
                rows["kernel ms per tick"] = statistics.median(
                    watched.kernel_times(10 if quick else 60)
                )
            cold = watched.cold_ticks(5 if quick else 20)
            warm = watched.warm_ticks(8 if quick else 40)
            for name, times in (("cold", cold), ("warm", warm)):
                rows[f"{at}tick to pixels, {name}, median ms"] = statistics.median(times)
                rows[f"{at}tick to pixels, {name}, p95 ms"] = p95(times)
            watched.forget(5.05)
            for name in ("first", "second"):
                for what, value in watched.drag().items():
                    rows[f"{at}{name} drag, {what}"] = value
            if not delay:
                rows["bytes received per frame"], rows["bytes sent per frame"] = watched.wire()
            if not delay and soak:
                names = (
                    "ticks",
                    "longest ms until the last",
                    "growth of page MB",
                    "growth of kernel MB",
                )
                rows |= {f"soak, {n}": v for n, v in zip(names, watched.soak(), strict=True)}
            watched.notebook.close()
            server.close_sessions()
    return rows


def measure_panel(candidate, server, browser, port):
    """The few numbers that matter for every panel."""
    rows = {}
    for delay in (0.0, ROUND_TRIP / 2):
        through = delayed(server.port, delay) if delay else contextlib.nullcontext(server.url)
        with through as address:
            print(f"{candidate.name}, RTT {2000 * delay:.0f} ms ...", file=sys.stderr)
            watched = Watched(candidate, server, browser, port, address)
            if not delay:
                rows["ms per tick"] = statistics.median(watched.kernel_times(30))
            watched.forget(5.05)
            for name in ("1st", "2nd"):
                rate = watched.drag()["frames per second"]
                rows[f"fps, {2000 * delay:.0f} ms, {name}"] = rate
            if not delay:
                rows["fps, 2-D"] = watched.roam()
                rows["kB per frame"] = watched.wire()[0] / 1000
            watched.notebook.close()
            server.close_sessions()
    return rows


def show_panel(name, rows, first):
    """Print a panel's line, below the names of the columns if it is the first."""
    if first:
        print(" " * 24 + "".join(f"{column:>17}" for column in rows))
    values = ("-" if value is None else f"{value:.3g}" for value in rows.values())
    print(f"{name:24}" + "".join(f"{value:>17}" for value in values), flush=True)


def line_of(checkout, name):
    """The line of a panel that another checkout's own benchmark prints."""
    script = checkout.resolve() / "tests" / "benchmarks" / "interaction.py"
    run = [sys.executable, str(script), "--panels", name]
    output = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    return f"{f'  {checkout.name}':24}{output.splitlines()[-1][24:]}"


def animation_frame_rate(browser):
    """Animation frames a second of an empty page: the ceiling for everything here."""
    page = browser.new_page()
    rate = page.evaluate(
        """() => new Promise(done => {
            const start = performance.now();
            let count = 0;
            const frame = now => {
                if (now - start > 2000) return done(count / 2);
                count += 1;
                requestAnimationFrame(frame);
            };
            requestAnimationFrame(frame);
        })"""
    )
    page.close()
    return rate


def show(results):
    """Print the table; with both candidates also the ratio, interact over explorer."""
    names = list(results)
    ratio = "     ratio" if len(names) == 2 else ""
    print(" " * 52 + "".join(f"{name:>12}" for name in names) + ratio)
    for row in dict.fromkeys(row for rows in results.values() for row in rows):
        values = [rows.get(row) for rows in results.values()]
        line = f"{row:52}" + "".join(f"{'-' if v is None else f'{v:.4g}':>12}" for v in values)
        if len(values) == 2 and all(values):
            line += f"{values[0] / values[1]:10.3g}"
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--soak", action="store_true", help="also 10,000 ticks of the panel")
    parser.add_argument("--only", choices=("interact", "explorer"), help="measure one of the two")
    parser.add_argument(
        "--panels", nargs="*", metavar="NAME[:SLIDER]", help="instead, a line for each or these"
    )
    parser.add_argument(
        "--against", type=Path, metavar="CHECKOUT", help="below each panel, its line there"
    )
    parser.add_argument("--json", type=Path, help="also save the numbers there")
    options = parser.parse_args()
    if options.panels is not None:
        names = options.panels or PANELS
        with JupyterServer() as server, sync_playwright() as playwright:
            port = free_port()
            browser = launch_chromium(playwright, f"--remote-debugging-port={port}")
            for name in names:
                rows = measure_panel(panel_candidate(name), server, browser, port)
                show_panel(name, rows, first=name == names[0])
                if options.against:
                    print(line_of(options.against, name), flush=True)
            browser.close()
        return
    candidates = [c for c in (INTERACT, EXPLORER) if options.only in (None, c.name)]
    statements = {
        "interact": "import matplotlib.pyplot, scipy.stats, ipywidgets",
        "explorer": "import explorer",
    }
    results = {}
    for candidate in candidates:
        seconds, megabytes = imports(statements[candidate.name], 3 if options.quick else 9)
        results[candidate.name] = {"import, s": seconds, "import, peak MB": megabytes}
    if "explorer" in results:
        whole = "import explorer; explorer.beta_loss()"
        seconds, megabytes = imports(whole, 3 if options.quick else 9)
        results["explorer"] |= {"import and a panel, s": seconds, "... peak MB": megabytes}
    with JupyterServer() as server, sync_playwright() as playwright:
        port = free_port()
        browser = launch_chromium(playwright, f"--remote-debugging-port={port}")
        print(f"animation frames a second of an empty page: {animation_frame_rate(browser):.0f}\n")
        for candidate in candidates:
            soak = options.soak and candidate is EXPLORER
            results[candidate.name] |= measure(
                candidate, server, browser, port, options.quick, soak
            )
        browser.close()
    show(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
