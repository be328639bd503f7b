// Python, away from the page: it loads Pyodide and hands messages to and fro.
const turn = new MessageChannel(); // of the loop, without the 4 ms of a timeout
let page; // explorer.site.page.Page

const ready = new Promise((done, failed) => {
  self.addEventListener("message", ({ data }) => start(data).then(done, failed), { once: true });
});
ready.catch(fail);

function fail(error) {
  console.error(error);
  postMessage({ failed: error.message.trim().split("\n").at(-1) }); // of Python's traceback what went wrong
}

async function start({ name, query, pyodide, archive }) {
  countBytes();
  importScripts(`${pyodide}pyodide.js`);
  const source = fetch(archive).then((response) => response.arrayBuffer());
  const python = await loadPyodide({ indexURL: pyodide, packages: ["numpy", "scipy"] });
  postMessage({ step: "Python has come: starting it" });
  python.unpackArchive(await source, "zip", { extractDir: "/home/pyodide" });
  page = python.pyimport("explorer.site.page").Page(name, query, (text, buffers) => {
    const copies = buffers.toJs();
    postMessage({ text, buffers: copies }, copies.map(({ buffer }) => buffer));
  });
  self.addEventListener("message", ({ data }) => answer(() => (data.type === "open" ? page.open(data.query) : page.receive(JSON.stringify(data)))));
  turn.port1.onmessage = () => answer(() => page.send_some_ahead());
}

// So that the page can tell how much is left, and what is missing: without its WebAssembly Pyodide
// would wait for ever.
function countBytes() {
  const whole = self.fetch;
  self.fetch = async (...request) => {
    try {
      const response = await whole(...request);
      if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
      count(response.clone()).catch(fail);
      return response;
    } catch (error) {
      fail(error);
      throw error;
    }
  };
}

async function count({ body }) {
  const reader = body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) postMessage({ bytes: part.value.length });
}

// Between two of what is sent ahead a question comes through.
function answer(work) {
  try {
    if (work()) turn.port2.postMessage(0);
  } catch (error) {
    postMessage({ died: error.message });
  }
}
