// Lets the page load without a network. What the network has always wins, so that an update is seen at once.
const CACHE = "acr-pull-secret-playground";
const FILES = ["./", "app.js", "icon.svg", "licences.txt", "policy.js", "policy_bg.wasm", "style.css", "worker.js"];
/** How long the network may take over a file that is here already, in milliseconds. */
const PATIENCE = 10_000;
const own = new Set(FILES.map((file) => new URL(file, self.registration.scope).href));

self.addEventListener("install", (event) => {
  self.skipWaiting();
  const fresh = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  url.hash = "";
  if (event.request.method !== "GET" || !own.has(url.href)) return;
  event.respondWith(answer(event.request, url.href));
});

async function answer(request, key) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) await cache.put(key, response.clone());
    return response;
  } catch (failure) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw failure;
  }
}
