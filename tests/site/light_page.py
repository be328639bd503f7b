"""A light page in a browser: what it says, what it asks Python, and how its numbers are read."""

import base64
import json

from axe_playwright_python.sync_playwright import Axe

TIMEOUT = 120_000  # milliseconds; generous, for two busy cores

# Keeps every worker of the page, and what it answers.
WATCH = """
window.workers = []; window.answers = [];
window.Worker = class extends Worker {
    constructor(...given) {
        super(...given);
        window.workers.push(this);
        this.addEventListener('message', ({data}) => data.text && window.answers.push(data));
    }
};"""
ASK = """async question => {
    const packed = bytes => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
    const answer = new Promise(done => {
        const hear = ({data}) => {
            const text = data.text && JSON.parse(data.text);
            if (!text || !text.frames || text.ahead) return;
            workers[0].removeEventListener('message', hear);
            done({...text, buffers: data.buffers.map(packed)});
        };
        workers[0].addEventListener('message', hear);
    });
    workers[0].postMessage(question);
    return answer;
}"""


class LightPage:
    """A page of the site.

    Parameters
    ----------
    context : playwright BrowserContext
    address : str
        Of the site.
    path : str
        Of the page in it, as ``"beta_loss/?embed"``.
    """

    def __init__(self, context, address, path):
        self.page = context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.page.add_init_script(WATCH)
        self.errors, self.foreign = [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("request", self._watch)
        self.address = address
        self.page.goto(address + path)

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _watch(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign.append(request.url)

    def wait_until_drawn(self):
        """Wait for the first picture."""
        self.page.wait_for_selector(".explorer-stage[data-frame-count]")

    def wait_until_live(self):
        """Wait until Python answers."""
        self.page.wait_for_selector("fieldset:not(:disabled)")

    @property
    def message(self):
        """What the page says of Python."""
        return self.page.inner_text("#message")

    @property
    def state(self):
        """The settings of the controls that are drawn."""
        return json.loads(self.page.get_attribute(".explorer-stage", "data-frame-state"))

    def wait_for_state(self, expected):
        """Wait until a state is drawn."""
        selector = ".explorer-stage[data-frame-state='{}']"
        text = json.dumps(expected, separators=(",", ":")).replace(".0,", ",").replace(".0]", "]")
        self.page.wait_for_selector(selector.format(text))

    def ask(self, states, base, epoch=0):
        """What Python answers for these states: pairs of a header and a buffer."""
        question = {"epoch": epoch, "type": "ask", "states": states, "base": base}
        answer = self.page.evaluate(ASK, question)
        buffers = map(base64.b64decode, answer["buffers"])
        return list(zip(answer["frames"], buffers, strict=True))

    def axe(self, selector="body"):
        """What axe-core finds wrong inside the selector, as readable text: "" when all is well."""
        violations = Axe().run(self.page, context=selector).response["violations"]
        return "\n".join(
            f"{rule['id']}: {rule['help']}: {[node['html'] for node in rule['nodes']]}"
            for rule in violations
        )

    def wait_until_it_fits(self):
        """Wait until nothing is wider than the window, as soon as all is drawn anew."""
        root = "document.documentElement"
        self.page.wait_for_function(f"{root}.scrollWidth <= {root}.clientWidth")
