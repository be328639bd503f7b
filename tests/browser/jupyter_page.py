"""A real Jupyter server, a real Chromium and a notebook open in it, for tests and benchmarks.

`JupyterServer` serves JupyterLab at /lab and /doc and Notebook 7 at /notebooks; all that it reads
and writes lies below one temporary folder. `JupyterPage` is a notebook open in the browser,
`Kernel` the kernel behind it, reached past the page, so that a test can see what the kernel thinks.
Tests use them through the fixtures in conftest.py, benchmarks directly.
"""

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import psutil
from axe_playwright_python.sync_playwright import Axe
from jupyter_client import BlockingKernelClient

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 60  # seconds; generous, for two busy cores

# Errors of the front ends themselves: part of the text, part of the script's address.
KNOWN_NOISE = (
    ("Cannot read properties of undefined (reading 'schema')", "/static/notebook/notebook_core."),
    ("Command 'filebrowser:open-path' not registered", "/static/notebook/notebook_core."),
    ("the server responded with a status of 403 (Forbidden)", ".woff2"),  # after a restart
)

# Front-end settings: nothing pops up, nothing asks the internet.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
ADDRESSES = {"lab": "doc/tree", "notebook": "notebooks"}


def launch_chromium(playwright, *arguments):
    """Start the system's Chromium, headless; an error, never a skip, where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise RuntimeError(f"no browser: none of {names} is on the PATH (apt-get install chromium)")
    flags = (
        *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        "--disable-quic",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # panels need no internet
    )
    return playwright.chromium.launch(executable_path=path, args=[*flags, *arguments])


def free_port():
    """A loopback port on which nobody listens now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class JupyterServer:
    """A Jupyter server in a temporary folder, its kernels running this interpreter.

    A context manager: after it, no process and no file of it is left.
    """

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="explorer-jupyter-"))
        self.notebooks = self._subfolder("notebooks")
        self._settings = self._subfolder("settings")
        self.runtime = self._subfolder("runtime")
        self._write_kernelspec()
        self.set_theme("light")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (self.folder / "server.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *self._options()],
            env=self._environment(),
            cwd=self.notebooks,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        """Stop the server and every process below it, then remove the folder."""
        processes = []
        if self._process.poll() is None:
            server = psutil.Process(self._process.pid)
            processes = [server, *server.children(recursive=True)]
            self._process.terminate()  # it shuts its kernels down by itself
        _, alive = psutil.wait_procs(processes, timeout=10)
        for process in alive:
            process.kill()
        self._process.wait(10)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, cells):
        """Save a notebook of code cells (source strings); return its path on the server."""
        code_cells = [nbformat.v4.new_code_cell(source) for source in cells]
        kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=code_cells, metadata={"kernelspec": kernelspec})
        nbformat.write(notebook, self.notebooks / name)
        return name

    def set_theme(self, theme):
        """Choose "light" or "dark" for the pages that are opened from now on."""
        settings = {**SETTINGS, "apputils-extension/themes": {"theme": THEMES[theme]}}
        for plugin, values in settings.items():
            path = self._settings / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))

    def rest(self, method, path):
        """Call the server's REST API; the decoded JSON answer, or None where there is none."""
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def close_sessions(self):
        """Shut down every kernel, so that a test leaves none behind."""
        for session in self.rest("GET", "sessions"):
            self.rest("DELETE", f"sessions/{session['id']}")

    def _subfolder(self, name):
        path = self.folder / name
        path.mkdir()
        return path

    def _write_kernelspec(self):
        folder = self.folder / "data" / "kernels" / "python3"
        folder.mkdir(parents=True)
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "Python 3",
            "language": "python",
            "env": {"PYTHONPATH": str(ROOT)},  # this checkout, whatever else is installed
        }
        (folder / "kernel.json").write_text(json.dumps(spec))

    def _environment(self):
        ours = ("JUPYTER", "IPYTHON", "PYTHONWARNINGS")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "JUPYTER_PREFER_ENV_PATH": "0",
        }

    def _options(self):
        server = {
            **{"ip": "127.0.0.1", "port": self.port, "port_retries": 0, "open_browser": False},
            **{"root_dir": self.notebooks, "allow_root": True, "disable_check_xsrf": True},
        }
        front_end = {
            **{"user_settings_dir": self._settings, "workspaces_dir": self.folder / "workspaces"},
            "expose_app_in_browser": True,
        }
        options = {
            "ServerApp": server,
            "IdentityProvider": {"token": ""},
            "LabApp": {**front_end, "extension_manager": "readonly"},
            "JupyterNotebookApp": front_end,
        }
        return [f"--{app}.{name}={options[app][name]}" for app in options for name in options[app]]

    def _wait_until_up(self):
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.rest("GET", "status")
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        log = (self.folder / "server.log").read_text()
        raise RuntimeError(f"the Jupyter server did not come up:\n{log}")


class Kernel:
    """The kernel behind a page, reached by its own sockets and not through the page."""

    def __init__(self, server, kernel_id):
        self._server = server
        self.id = kernel_id
        self._client = BlockingKernelClient()
        self._client.load_connection_file(str(server.runtime / f"kernel-{kernel_id}.json"))
        self._client.start_channels()
        self._client.wait_for_ready(timeout=TIMEOUT)

    def run(self, code, expression="None"):
        """Run code in the notebook's namespace, then give the repr of an expression there."""
        content = self._client.execute(
            code,
            store_history=False,
            allow_stdin=False,
            user_expressions={"value": expression},
            reply=True,
            timeout=TIMEOUT,
        )["content"]
        answer = content if content["status"] == "error" else content["user_expressions"]["value"]
        if answer["status"] == "error":
            raise RuntimeError("in the kernel:\n" + "\n".join(answer["traceback"]))
        return answer["data"]["text/plain"]

    def repr(self, expression):
        """The repr of an expression, such as `panel.state`."""
        return ast.literal_eval(self.run("", f"repr({expression})"))

    def value(self, expression):
        """The value of an expression, where it is made of plain Python literals."""
        return ast.literal_eval(self.repr(expression))

    def wait_until(self, expression):
        """Wait until an expression is true in the kernel, as a slider's value after a drag."""
        deadline = time.monotonic() + TIMEOUT
        while not self.value(f"bool({expression})"):
            if time.monotonic() > deadline:
                raise AssertionError(f"never true in the kernel: {expression}")
            time.sleep(0.05)

    def restart(self):
        """Restart it by the server's REST API, behind the page's back.

        JupyterLab then says "starting", not "idle", until the page itself runs something.
        """
        self._server.rest("POST", f"kernels/{self.id}/restart")
        self._client.wait_for_ready(timeout=TIMEOUT)

    def close(self):
        self._client.stop_channels()


def axe_finds(page, selector=".explorer-panel"):
    """What axe-core finds wrong inside the selector, as readable text: "" when all is well."""
    violations = Axe().run(page, context=selector).response["violations"]
    lines = []
    for rule in violations:
        lines.append(f"{rule['id']} ({rule['impact']}): {rule['help']}; {rule['helpUrl']}")
        for node in rule["nodes"]:
            lines += [f"    {node['html']}", f"        {node['failureSummary']}"]
    return "\n".join(lines)


class JupyterPage:
    """A notebook open in JupyterLab (`where="lab"`) or in Notebook 7 (`where="notebook"`).

    `page` is Playwright's page, `kernel` the `Kernel`, `errors` what the page complained of so far.
    Nothing is loaded before `open`, so that whoever made it can photograph a page that fails to.
    A `base_url` other than the server's own leads through a proxy.
    """

    def __init__(
        self, server, browser, path, where="lab", *, viewport=(1200, 900), scale=1, base_url=None
    ):
        self.server = server
        self.errors = []
        size = dict(zip(("width", "height"), viewport, strict=True))
        self.context = browser.new_context(
            viewport=size, device_scale_factor=scale, reduced_motion="reduce"
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT * 1000)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", self._on_page_error)
        self.kernel = None
        self._address = f"{base_url or server.url}/{ADDRESSES[where]}/{path}"

    def open(self):
        """Load the page and wait until its kernel is ready."""
        self.page.goto(self._address)
        self.kernel = Kernel(self.server, self._wait_for_kernel())
        return self

    def _on_console(self, message):
        source = f"{message.location.get('url')}:{message.location.get('lineNumber')}"
        if message.type == "error":
            self._complain("console error", message.text, source)

    def _on_page_error(self, error):
        self._complain("page error", error.message, error.stack or "")

    def _complain(self, kind, text, source):
        if not any(part in text and script in source for part, script in KNOWN_NOISE):
            self.errors.append(f"{kind}: {text}\n    {source}")

    def _wait_for_kernel(self):
        self.page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext")
        return self.page.evaluate(
            """async () => {
                const panel = window.jupyterapp.shell.currentWidget;
                await panel.revealed;
                await panel.sessionContext.ready;
                const kernel = panel.sessionContext.session.kernel;
                await kernel.info;
                return kernel.id;
            }"""
        )

    def wait_until_idle(self):
        """Wait until the kernel, as the page sees it, has nothing to do."""
        self.page.wait_for_function(
            """() => {
                const {session} = window.jupyterapp.shell.currentWidget.sessionContext;
                return session?.kernel?.status === 'idle';
            }"""
        )

    def run_all(self):
        """Run all cells and wait for them; an error in a cell is an error here."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self._settle()

    def run_cell(self, code):
        """Add a cell at the end, run it and wait for it, as a user would."""
        self.page.evaluate(
            """async code => {
                const {commands, shell} = window.jupyterapp;
                const notebook = shell.currentWidget.content;
                notebook.activeCellIndex = notebook.widgets.length - 1;
                await commands.execute('notebook:insert-cell-below');
                notebook.activeCell.model.sharedModel.setSource(code);
                await commands.execute('notebook:run-cell');
            }""",
            code,
        )
        self._settle()

    def _settle(self):
        self.wait_until_idle()
        errors = self.page.evaluate(
            """() => [...window.jupyterapp.shell.currentWidget.model.cells]
                .flatMap(cell => cell.sharedModel.outputs ?? [])
                .filter(output => output.output_type === 'error')
                .map(output => output.traceback.join('\\n'))"""
        )
        if errors:
            raise AssertionError("a cell failed:\n" + "\n".join(errors))

    def wait_for(self, selector, **options):
        """Wait until something visible matches the selector; return its Playwright locator."""
        locator = self.page.locator(selector).first
        locator.wait_for(**options)
        return locator

    def restart_by_menu(self):
        """Restart the kernel with JupyterLab's own command and confirm its dialog."""
        self.page.evaluate("() => void window.jupyterapp.commands.execute('kernelmenu:restart')")
        self.page.locator(".jp-Dialog button.jp-mod-warn").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")
        self.wait_until_idle()

    def slider_handle(self, slider):
        """The handle of the stock slider inside what `slider` (a selector) matches."""
        return self.wait_for(f"{slider} .noUi-handle")

    def slider_value(self, slider):
        """The slider's value in the page, rounded to 9 decimals (`aria-valuenow` has but one)."""
        handle = self.slider_handle(slider)
        value = handle.evaluate("handle => handle.closest('.noUi-target').noUiSlider.get(true)")
        return round(value, 9)

    def drag_slider(self, slider, steps, moves=10):
        """Drag the handle by a number of the slider's own steps; negative is to the left."""
        handle = self.slider_handle(slider)
        handle.scroll_into_view_if_needed()
        pixels_per_step = handle.evaluate(
            """handle => {
                const target = handle.closest('.noUi-target');
                const {range, step} = target.noUiSlider.options;
                const width = target.querySelector('.noUi-base').getBoundingClientRect().width;
                return width * step / (range.max - range.min);
            }"""
        )
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + steps * pixels_per_step, y, steps=moves)
        self.page.mouse.up()

    def type_value(self, slider, text):
        """Type into the readout of a stock slider and press Enter."""
        readout = self.wait_for(f"{slider} .widget-readout")
        readout.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(str(text))
        self.page.keyboard.press("Enter")

    def axe(self, selector=".explorer-panel"):
        """What axe-core finds wrong inside the selector, as readable text: "" when all is well."""
        self.wait_for(selector)
        return axe_finds(self.page, selector)

    def screenshot(self, path, selector=None):
        """Save a picture of the page, or of one element of it."""
        target = self.page.locator(selector).first if selector else self.page
        target.screenshot(path=path)
        return path

    def close(self):
        if self.kernel:
            self.kernel.close()
        self.context.close()
