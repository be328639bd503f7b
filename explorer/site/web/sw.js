// Keeps what has come once, so that the next visit needs no network. A new build is another version:
// it is taken when no page of the old one is open, so that no page is made of parts of both.
const VERSION = "explorer-$version";
const PAGES = $pages;
const FROM = [new URL("./", location).href, "$pyodide"];

self.addEventListener("install", (event) => {
  const fresh = PAGES.map((page) => new Request(page, { cache: "no-cache" }));
  event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => event.waitUntil(begin()));

async function begin() {
  const old = (await caches.keys()).filter((name) => name.startsWith("explorer-") && name !== VERSION);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const ours = FROM.some((place) => url.startsWith(place)) && !url.startsWith(new URL("lab/", location).href);
  if (method === "GET" && ours) event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open(VERSION);
  const known = await cache.match(request.url, { ignoreSearch: true });
  if (known) return known;
  const isForeign = new URL(request.url).origin !== location.origin;
  const response = await fetch(isForeign ? new Request(request.url, { mode: "cors", credentials: "omit" }) : request);
  if (response.status === 200) cache.put(request.url, response.clone());
  return response;
}
