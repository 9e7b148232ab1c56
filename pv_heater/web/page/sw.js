// Keeps the page's own files, so that it opens (and says so) when the controller cannot be reached. What the API says is
// never kept. Each version of the page has a store of its own; the others go.

const VERSION = new URL(location.href).searchParams.get("v");
const STORE = `shell ${VERSION}`;
const FILES = [
  "access.js", "api.js", "app.js", "chart.js", "chart_parts.js", "commands.js", "day.js",
  "day_picture.js", "editor.js", "header.js", "history.js", "history_sums.js", "icon.svg", "lang/de.json",
  "lang/de.more.json", "lang/en.json", "lang/en.more.json", "lang/fr.json", "lang/fr.more.json", "load.js",
  "manifest.webmanifest", "more.css", "now.js", "pictures.js", "render.js", "settings.js", "sheets.js",
  "sources.js", "style.css", "time.js", "wall.js", "words.js",
];

self.addEventListener("install", (event) => {
  const keep = async () => {
    const store = await caches.open(STORE);
    await store.addAll(["./", ...FILES.map((name) => `v/${VERSION}/${name}`)]);
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const drop = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== STORE).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(drop());
});

self.addEventListener("fetch", (event) => {
  const { scope } = self.registration;
  const path = event.request.url.startsWith(scope) ? event.request.url.slice(scope.length).split(/[?#]/)[0] : null;
  if (event.request.method !== "GET" || path === null) return;
  if (path.startsWith("v/")) event.respondWith(kept(event.request));
  else if (path === "") event.respondWith(fresh(event.request));
});

// An address below v/ never changes what it holds.
async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function fresh(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) await (await caches.open(STORE)).put("./", answer.clone());
    return answer;
  } catch {
    return (await caches.match("./")) ?? Response.error();
  }
}
