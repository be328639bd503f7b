// One panel on a page of its own: the picture that was made with the site, then the same alive.
import { Link } from "../../stage/js/link.js";
import { View } from "../../stage/js/view.js";
import { Sliders } from "./sliders.js";

const MEGABYTE = 1e6;
const PATIENT = 3000; // ms that Python waits for the cache of the service worker
const SHARE = 0.8; // of the progress bar for what is downloaded, the rest for what comes after it

const place = (selector) => document.querySelector(selector);
const [panel, stage, message, progress] = [".explorer-panel", ".explorer-stage", "#message", "progress"].map(place);
const page = JSON.parse(place("#page").textContent);
const site = new URL("../", location.href);
let address = location.hash.slice(1); // the state that it asks for, as Python last heard or said it

// What in Jupyter is the model of the widget.
class Model {
  constructor(scene) {
    Object.assign(this, { scene, alive: true, heard: new Map(), waiting: [] });
  }

  get(name) {
    return this[name];
  }

  set(name, value) {
    this[name] = value;
    this.tell(`change:${name}`);
  }

  on(event, callback) {
    this.heard.set(event, [...(this.heard.get(event) ?? []), callback]);
  }

  off(event, callback) {
    this.heard.set(event, this.heard.get(event).filter((other) => other !== callback));
  }

  tell(event, ...news) {
    for (const callback of this.heard.get(event) ?? []) callback(...news);
  }

  // Until Python is there nothing is asked: what it begins with is another epoch.
  send(question) {
    this.worker?.postMessage(question);
  }
}

const bytes = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
const unpacked = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const model = new Model({ ...page.opening, buffer: bytes(unpacked(page.buffer)) });
const link = new Link(model, Sliders);
const view = new View(link, stage);
document.documentElement.classList.add("drawn");

function say(text) {
  message.textContent = text;
}

function fail(reason) {
  progress.hidden = true;
  say(`${reason} The picture shows where the panel starts. Reload the page to try again.`);
}

function live() {
  progress.hidden = true;
  place("fieldset").disabled = false;
  say("Move a slider, or what can be dragged in the plots. Python runs here, in your browser.");
}

// The address leads to what is on screen; what it was before is not kept, or "back" would take long.
function tellAddress(query) {
  address = query;
  history.replaceState(null, "", `${location.pathname}${location.search}${query && `#${query}`}`);
}

function count(loaded) {
  const [there, all] = [loaded, page.bytes].map((size) => Math.round(size / MEGABYTE));
  progress.value = (SHARE * loaded) / page.bytes;
  say(`Python is on its way: ${Math.min(there, all)} of ${all} MB`);
}

function hear(worker) {
  let loaded = 0;
  let isLive = false;
  const over = new AbortController(); // what still comes after a failure would hide what is said of it
  worker.addEventListener("message", ({ data }) => {
    if (data.bytes) count((loaded += data.bytes));
    else if (data.step) {
      progress.value = (1 + SHARE) / 2;
      say(data.step);
    } else if (data.failed) {
      over.abort();
      worker.terminate();
      fail(`Python could not be loaded (${data.failed}).`);
    } else if (data.died) die();
    else {
      const { opening, problems, follow, query, ...answer } = JSON.parse(data.text);
      const buffers = data.buffers.map(bytes);
      model.worker = worker;
      if (opening) model.set("scene", { ...opening, buffer: buffers[0] });
      else if (follow) link.host.follow(follow);
      else if (query !== undefined) tellAddress(query);
      else {
        if (answer.exported === "link" && answer.text) answer.text = location.href.replace(/(#.*)?$/, `#${answer.text.split("#")[1]}`);
        model.tell("msg:custom", answer, buffers);
      }
      if (!isLive) live();
      isLive = true;
      if (problems?.length > 0) say(`Ignored in the address: ${problems.join("; ")}.`);
    }
  }, { signal: over.signal });
  const die = () => {
    model.alive = false;
    link.report();
    if (!isLive) fail("Python could not be started.");
  };
  worker.addEventListener("error", die);
}

// What has come once stays with the browser: the next visit needs no network.
async function cache() {
  try {
    await navigator.serviceWorker.register(new URL("sw.js", site));
    if (navigator.serviceWorker.controller) return;
    await new Promise((done) => {
      navigator.serviceWorker.addEventListener("controllerchange", done, { once: true });
      setTimeout(done, PATIENT);
    });
  } catch {
    // It works without, as in a private window, but not without a network.
  }
}

async function begin() {
  if (typeof WebAssembly !== "object" || typeof Worker !== "function") return fail("This browser cannot run Python.");
  await cache();
  const worker = new Worker(new URL("app/worker.js", site));
  hear(worker);
  worker.postMessage({ name: page.name, query: address, pyodide: new URL(page.pyodide, site).href, archive: new URL("app/explorer.zip", site).href });
}

begin();

window.addEventListener("hashchange", () => {
  const query = location.hash.slice(1);
  if (query === address) return;
  address = query;
  model.send({ type: "open", query });
});

// Where the page is part of another one, that one gives it as much room as it needs.
if (window.parent !== window) {
  new ResizeObserver(() => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    window.parent.postMessage({ type: "explorer-height", height }, "*");
  }).observe(document.body);
}
