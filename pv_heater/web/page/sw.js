// Keeps the page's own files, so that it opens (and says so) when the controller cannot be reached. What the API says is
// never kept. Each version of the page has a store of its own; the others go.

const STORE = `shell ${new URL(location.href).searchParams.get("v")}`;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const drop = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== STORE).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  const mine = address.href.startsWith(self.registration.scope) && event.request.method === "GET";
  const path = address.href.slice(self.registration.scope.length);
  if (mine && (path.startsWith("v/") || path === "" || path.startsWith("#"))) event.respondWith(answered(event.request));
});

async function answered(request) {
  const store = await caches.open(STORE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await store.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await store.match(request);
    if (kept) return kept;
    throw error;
  }
}
