// What may be set: this browser, who is logged in, the home, and what the controller takes while it runs.

import { access } from "./access.js";
import { offers } from "./commands.js";
import { editor } from "./editor.js";
import { h, render } from "./render.js";
import { atHome } from "./time.js";
import { languages, moment, t } from "./words.js";

const LOG_LINES = 200;

export function open(root, app) {
  const settings = editor(app);
  const people = access(app);
  const log = logView(app);
  const update = (status) => {
    render(root, [
      h("h2", { class: "page-title" }, t("tab.settings")),
      browser(app),
      people.view(),
      status && home(app, status),
      settings.view(),
      log.view(),
      about(app, status),
    ]);
  };
  if (!app.status()) update(null);
  return { update, close() {} };
}

function browser(app) {
  const theme = localStorage.getItem("theme") ?? "auto";
  const spoken = localStorage.getItem("language") ?? "";
  const choice = (current, value, text, choose) =>
    h("button", { key: value, "aria-pressed": String(current === value), onclick: () => (choose(value), app.draw()) }, text);
  const choose = async (name) => {
    keep("language", name);
    await app.speak(app.preferredLanguage());
    await app.speakMore();
    app.draw();
  };
  return h("section", { key: "browser", class: "card" }, [
    h("h3", null, t("settings.browser")),
    h("div", { class: "seg", role: "group", "aria-label": t("settings.theme") }, ["auto", "light", "dark"].map((name) =>
      choice(theme, name, t(name === "auto" ? "mode.auto" : `settings.theme.${name}`), (to) => (keep("theme", to === "auto" ? null : to), app.applyTheme())))),
    h("div", { class: "seg", role: "group", "aria-label": t("settings.language") }, [
      choice(spoken, "", t("mode.auto"), choose),
      languages().map((name) => choice(spoken, name, NAMES[name], choose)),
    ]),
  ]);
}

const keep = (name, value) => (value ? localStorage.setItem(name, value) : localStorage.removeItem(name));

const NAMES = { en: "English", de: "Deutsch", fr: "Français" };

function home(app, { flags, now }) {
  const guarded = (action) => () => (app.mayControl() ? action() : app.login());
  return h("section", { key: "home", class: "card" }, [
    h("h3", null, t("settings.home")),
    h("p", { class: "muted" }, flags.vacation_until_at ? t("vacation.until", { time: moment(flags.vacation_until_at, now) }) : t("vacation.none")),
    h("p", { class: "row" }, [
      flags.vacation_until_at
        ? h("button", { key: "end", class: "button", onclick: guarded(() => app.command("vacation", { until_at: null })) }, t("vacation.end"))
        : h("button", { key: "begin", class: "button", onclick: guarded(() => app.open(vacationSheet(app))) }, t("vacation.begin")),
      h("button", { key: "off", class: "button danger", onclick: guarded(() => app.open(offSheet(app))) }, t("off.button")),
    ]),
  ]);
}

function vacationSheet(app) {
  let until = "";
  return () => [
    h("h2", { id: "sheet-title" }, t("vacation.title")),
    h("p", { class: "muted" }, t("vacation.explained")),
    h("label", { class: "field" }, [
      h("span", null, t("vacation.back_at")),
      h("input", { type: "datetime-local", oninput: (event) => ((until = event.target.value), app.draw()) }),
    ]),
    h("p", { class: "row end" }, [
      h("button", { class: "button", onclick: app.close }, t("cancel")),
      h("button", { class: "button main", disabled: !until, onclick: () => {
        app.close();
        app.command("vacation", { until_at: new Date(atHome(...until.split("T"), app.zone)).toISOString() });
      } }, t("vacation.begin")),
    ]),
  ];
}

function offSheet(app) {
  return () => [
    h("h2", { id: "sheet-title" }, t("off.title")),
    h("p", null, t("off.explained")),
    h("p", { class: "row end" }, [
      h("button", { class: "button", onclick: app.close }, t("cancel")),
      h("button", { class: "button danger", onclick: async () => {
        app.close();
        if (await app.command("loads/off", {})) app.say(t("off.done"));
      } }, t("off.do")),
    ]),
  ];
}

function logView(app) {
  let lines = null;
  let filter = "";
  let trouble = "";
  const read = async () => {
    try {
      const answer = await app.get(`log?lines=${LOG_LINES}`);
      lines = answer.lines ?? answer;
      trouble = "";
    } catch (error) {
      trouble = error.detail || t("error.no_answer");
    }
    app.draw();
  };
  const shown = () => (lines ?? []).filter((line) => line.toLowerCase().includes(filter.toLowerCase()));
  const view = () =>
    h("details", { key: "log", class: "card fold", ontoggle: (event) => event.target.open && read() }, [
      h("summary", null, h("h3", null, t("log.title"))),
      trouble && h("p", { class: "bad" }, trouble),
      h("label", { class: "field" }, [
        h("span", null, t("log.filter")),
        h("input", { type: "search", oninput: (event) => ((filter = event.target.value), app.draw()) }),
      ]),
      h("button", { class: "button", onclick: read }, t("log.again")),
      lines && h("pre", { class: "log", tabindex: "0", lang: "en", "aria-label": t("log.title") }, shown().join("\n") || t("log.none")),
    ]);
  return { view };
}

function about(app, status) {
  return h("section", { key: "about", class: "card" }, [
    h("h3", null, t("about.title")),
    h("p", { class: "muted" }, `pv-heater ${status?.version ?? ""}`),
    h("p", { class: "row" }, [
      app.isAdmin() && offers(app, "backup") && h("a", { class: "button", href: "api/v1/backup", download: "" }, t("about.backup")),
      app.isAdmin() && offers(app, "messages/test") && h("button", { class: "button", onclick: async () => {
        if (await app.command("messages/test", {})) app.say(t("messages.sent"));
      } }, t("messages.test")),
      h("a", { class: "button", href: "api/v1/openapi.json" }, t("about.api")),
    ]),
  ]);
}
