// The shell: what is known, which tab is open, the header that all tabs share, and who may change something.

import { follow, get, post } from "./api.js";
import { header } from "./header.js";
import * as now from "./now.js";
import { h, render } from "./render.js";
import * as words from "./words.js";

// On a wall nothing can be touched: ?view=wall.
const WALL = new URLSearchParams(location.search).get("view") === "wall";
const TABS = ["now", "day", "history", "settings"];
const PAGES = [...TABS, "load", "sources"];
const { t } = words;
const root = document.getElementById("app");

const state = {
  status: null,
  receivedMs: 0,
  session: null,
  lostSince: null,
  page: "now",
  part: "",
  dialog: null,
  toast: null,
};
let view = null;
let viewRoot = null;
let opening = 0;
let lookAgain = () => {};
// Nothing is drawn before there are words.
let drawing = 1;

export const app = {
  ...words,
  get,
  post,
  state,
  status: () => state.status,
  get zone() {
    return words.zoneOfHome();
  },
  get part() {
    return state.part;
  },
  // Seconds since the answer, by the browser's monotonic clock: a phone's wall clock may be wrong.
  sinceAnswerS: () => (performance.now() - state.receivedMs) / 1000,
  // The home's own time, carried on from its last answer.
  nowMs: () => Date.parse(state.status.now) + (state.lostSince ? 0 : Math.min(app.sinceAnswerS(), 10) * 1000),
  mayControl: () => ["control", "admin"].includes(state.session?.scope),
  isAdmin: () => state.session?.scope === "admin",
  go: (hash) => {
    location.hash = hash;
  },
  open: (dialog) => {
    state.dialog = dialog;
    draw();
  },
  close: () => app.open(null),
  draw,
  say,
  command: async (...asked) => (await more("commands")).command(app, ...asked),
  complain: async (error) => (await more("commands")).complain(app, error),
  lookAgain: () => lookAgain(),
  refreshSession,
  applyTheme,
  more,
};

// Sheets and the pages behind the first come when they are needed, with their words and their style.
async function more(file) {
  if (!document.getElementById("more")) {
    const link = Object.assign(document.createElement("link"), { id: "more", rel: "stylesheet" });
    link.href = new URL("more.css", import.meta.url).href;
    document.head.append(link);
    await new Promise((done) => {
      link.onload = link.onerror = done;
    });
  }
  const [module] = await Promise.all([import(`./${file}.js`), words.speakMore()]);
  return module;
}

app.sheet = async (name, ...rest) => {
  try {
    const sheets = await more(name === "login" ? "access" : "sheets");
    app.open(sheets[name](app, ...rest));
  } catch {
    say(t("error.no_answer"), true);
  }
};

const login = () => app.sheet("login");
app.login = login;

function say(text, isError = false) {
  const toast = { text, isError };
  state.toast = toast;
  draw();
  setTimeout(() => {
    if (state.toast === toast) state.toast = null;
    draw();
  }, 6000);
}

async function refreshSession() {
  try {
    state.session = await get("session");
  } catch {
    // Nobody answers: asked again with the next answer.
  }
  draw();
}

function draw() {
  if (!drawing) drawing = requestAnimationFrame(paint);
}

function paint() {
  drawing = 0;
  document.body.className = `${WALL ? "wall " : ""}${state.lostSince ? "lost" : ""}`;
  document.title = state.status ? `${state.status.site.name}${WALL ? "" : ` · ${t(`tab.${state.page}`)}`}` : "pv-heater";
  render(root, [
    !WALL && h("a", { class: "skip", href: "#main", onclick: skip }, t("skip")),
    header(app, WALL),
    h("main", { id: "main", tabindex: "-1" }, h("div", { key: "view", foreign: true, class: `view ${state.page}` })),
    !WALL && h("nav", { class: "tabs", "aria-label": t("tabs") }, TABS.map(tab)),
    h(
      "div",
      { class: "toast-place", role: "status" },
      state.toast && h("p", { class: state.toast.isError ? "toast bad" : "toast" }, state.toast.text),
    ),
    h("dialog", { key: "dialog", class: "sheet", "aria-labelledby": "sheet-title", onclose: closed, onclick: outside }, state.dialog?.()),
  ]);
  const dialog = root.querySelector("dialog");
  if (state.dialog && !dialog.open) dialog.showModal();
  if (!state.dialog && dialog.open) dialog.close();
  if (viewRoot !== root.querySelector(".view")) {
    viewRoot = root.querySelector(".view");
    show();
  } else if (view && state.status) view.update(state.status);
}

function skip(event) {
  event.preventDefault();
  root.querySelector("main").focus();
}

function closed() {
  if (state.dialog) app.close();
}

function outside(event) {
  if (event.target === event.currentTarget) app.close();
}

function tab(name) {
  const current = name === state.page || (name === "now" && ["load", "sources"].includes(state.page));
  return h(
    "a",
    { key: name, href: `#${name}`, "aria-current": current ? "page" : null },
    h("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: ICONS[name] })),
    h("span", null, t(`tab.${name}`)),
  );
}

const ICONS = {
  now: "M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  day: "M3 20h18M4 16c4 0 4-10 8-10s4 10 8 10",
  history: "M5 20v-7M10 20V5M15 20v-9M20 20V9M3 20h18",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
};

// Opens the page that the address names; a page that is still loading when another is asked for is dropped.
async function show() {
  const mine = ++opening;
  view?.close?.();
  view = null;
  try {
    const page = await (state.page === "now" ? now : more(state.page));
    if (mine !== opening) return;
    viewRoot.replaceChildren();
    view = page.open(viewRoot, app);
    if (state.status) view.update(state.status);
  } catch (error) {
    if (mine !== opening) return;
    console.error(error);
    render(viewRoot, h("p", { class: "card" }, t("error.page")));
  }
}

function route() {
  const [name, ...rest] = location.hash.slice(1).split("/");
  const stays = name === state.page && view?.moves;
  state.page = WALL ? "wall" : PAGES.includes(name) ? name : "now";
  state.part = rest.join("/");
  state.dialog = null;
  if (viewRoot && !stays) {
    window.scrollTo(0, 0);
    show();
  }
  draw();
}

// A theme that was chosen; without one the system's.
function applyTheme() {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

// With a secure address the browser may keep the page itself; "v/<version>/" in the address of this file says which.
function keepShell() {
  if (!window.isSecureContext || !navigator.serviceWorker) return;
  const version = import.meta.url.split("/").at(-2);
  const policy = window.trustedTypes?.createPolicy("shell", { createScriptURL: (url) => url });
  const address = `sw.js?v=${version}`;
  navigator.serviceWorker.register(policy ? policy.createScriptURL(address) : address).catch(() => {});
}

async function start() {
  applyTheme();
  lookAgain = follow({
    told: ({ status, receivedMs }) => {
      Object.assign(state, { status, receivedMs });
      words.setZone(status.site.timezone);
      draw();
    },
    answered: () => {
      state.lostSince = null;
      if (!state.session) refreshSession();
      draw();
    },
    failed: (refused) => {
      if (refused.status === 401 || refused.status === 403) refreshNeeded();
      else if (refused.status !== 503 || state.status) state.lostSince ??= Date.now();
      draw();
    },
  });
  await words.speak(words.preferredLanguage());
  drawing = 0;
  window.addEventListener("hashchange", route);
  route();
  setInterval(() => !document.hidden && draw(), 1000);
  keepShell();
}

// A page that may not even be read without a login shows the login and nothing else.
async function refreshNeeded() {
  if (state.dialog) return;
  if (state.status) {
    state.status = null;
    show();
  }
  try {
    state.session = await get("session");
  } catch {
    return;
  }
  if (!WALL) login();
}

start();
