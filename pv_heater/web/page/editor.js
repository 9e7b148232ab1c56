// The settings that the controller takes while it runs. What is changed is listed before it is saved; the server checks
// it by the same rules as the file, and writes it there.

import { ask } from "./api.js";
import { h } from "./render.js";
import { lang, number, t, title } from "./words.js";

export function editor(app) {
  let answer = null;
  let asked = false;
  let trouble = "";
  let refused = {};
  const changes = new Map();

  const read = async () => {
    try {
      answer = await app.get("settings");
      trouble = "";
      for (const [path, value] of changes) if (same(value, find(path)?.value)) changes.delete(path);
    } catch (error) {
      trouble = error.status === 404 ? t("settings.none") : error.detail || t("error.no_answer");
    }
    app.draw();
  };
  const find = (path) => answer.settings.find((one) => one.path === path);
  const change = (setting, value) => {
    delete refused[setting.path];
    if (same(value, setting.value)) changes.delete(setting.path);
    else changes.set(setting.path, value);
    app.draw();
  };

  const save = async () => {
    app.close();
    try {
      const done = await ask("PATCH", "settings", { headers: { "If-Match": answer.etag }, body: { changes: Object.fromEntries(changes) } });
      changes.clear();
      refused = {};
      app.say(lines(t("settings.saved"), lang() === "en" && done?.message));
    } catch (error) {
      refused = Object.fromEntries(error.fields.map((field) => [field.path, field.message]));
      if (error.status === 409 || error.status === 412) app.say(t("settings.conflict"), true);
      else app.complain(error);
    }
    await read();
  };
  const undo = async () => {
    try {
      const done = await ask("POST", "settings/undo", { body: {} });
      app.say(lines(t("settings.undone"), lang() === "en" && done?.message));
    } catch (error) {
      app.complain(error);
    }
    await read();
  };

  const sheet = () => [
    h("h2", { id: "sheet-title" }, t(changes.size === 1 ? "settings.change" : "settings.changes", { count: changes.size })),
    h("table", { class: "plain" }, h("tbody", null, [...changes].map(([path, value]) =>
      h("tr", { key: path }, [
        h("th", { scope: "row" }, [nameOf(find(path)), h("br", null), h("code", { class: "muted" }, path)]),
        h("td", null, `${shown(find(path), find(path).value)} → ${shown(find(path), value)}`),
      ])))),
    h("p", { class: "muted" }, t("settings.loads_stay")),
    h("p", { class: "row end" }, [
      h("button", { class: "button", onclick: app.close }, t("cancel")),
      h("button", { class: "button main", onclick: save }, t("settings.save")),
    ]),
  ];

  const view = () => {
    if (!app.isAdmin()) asked = false;
    else if (!asked) {
      asked = true;
      read();
    }
    if (!app.isAdmin() && !answer) return closed();
    if (!answer) return h("section", { key: "live", class: "card" }, [h("h3", null, t("settings.live")), h("p", { class: "muted" }, trouble || t("state.waiting"))]);
    const live = answer.settings.filter((one) => one.live);
    const fixed = answer.settings.filter((one) => !one.live);
    return h("div", { key: "live" }, [
      h("section", { class: "card" }, [
        h("h3", null, t("settings.live")),
        h("p", { class: "muted" }, answer.editable === false ? answer.why_not : t("settings.explained")),
        groups(live).map(([name, list]) =>
          h("details", { key: name, class: "fold" }, [
            h("summary", null, h("h4", null, title(name))),
            h("fieldset", { disabled: answer.editable === false || !app.isAdmin(), "aria-label": title(name) }, list.map((one) => row(one))),
          ])),
        !app.isAdmin() && h("p", { class: "row" }, h("button", { class: "button", onclick: app.login }, t("settings.login"))),
        answer.undo > 0 && app.isAdmin() && h("p", { class: "row" }, h("button", { class: "button", onclick: undo }, t("settings.undo", { count: answer.undo }))),
      ]),
      changes.size > 0 && h("p", { key: "bar", class: "bar" }, [
        h("button", { class: "button", onclick: () => (changes.clear(), (refused = {}), app.draw()) }, t("settings.discard")),
        h("button", { class: "button main", onclick: () => app.open(sheet) }, t(changes.size === 1 ? "settings.look_one" : "settings.look", { count: changes.size })),
      ]),
      h("details", { key: "fixed", class: "card fold" }, [
        h("summary", null, h("h3", null, t("settings.fixed"))),
        h("p", { class: "muted" }, t("settings.fixed_explained")),
        h("div", { class: "wide" }, h("table", { class: "plain" }, h("tbody", null, fixed.map((one) =>
          h("tr", { key: one.path }, [
            h("th", { scope: "row" }, h("code", null, one.path)),
            h("td", null, one.secret ? t(one.value == null ? "settings.unset" : "settings.secret") : shown(one, one.value)),
            h("td", { class: "muted" }, one.line == null ? "" : t("settings.line", { line: one.line })),
          ]))))),
      ]),
    ]);
  };

  const closed = () =>
    h("section", { key: "live", class: "card" }, [
      h("h3", null, t("settings.live")),
      h("p", { class: "row" }, h("button", { class: "button", onclick: app.login }, t("settings.login"))),
    ]);

  const row = (setting) => {
    const value = changes.has(setting.path) ? changes.get(setting.path) : setting.value;
    const id = `set ${setting.path}`;
    return h("div", { key: setting.path, class: changes.has(setting.path) ? "setting changed" : "setting" }, [
      h("label", { for: id }, [h("span", { lang: "en" }, nameOf(setting)), setting.unit && h("span", { class: "muted" }, ` (${unitOf(setting)})`)]),
      setting.kind === "order" ? order(setting, value ?? []) : input(setting, value, id),
      refused[setting.path] && h("p", { class: "bad", role: "alert" }, refused[setting.path]),
      h("p", { class: "muted", id: `help ${setting.path}` }, [h("span", { lang: "en" }, setting.help), note(setting)].filter(Boolean).flatMap((part, i) => (i ? [" · ", part] : part))),
    ]);
  };

  const input = (setting, value, id) => {
    const common = { id, "aria-describedby": `help ${setting.path}`, class: "input" };
    const choices = setting.choices?.length ? setting.choices.map((one) => [String(one), one]) : setting.kind === "truth" ? [["true", true], ["false", false]] : null;
    if (choices) {
      const pick = (event) => change(setting, event.target.value === "" ? null : choices.find(([text]) => text === event.target.value)[1]);
      return h("select", { ...common, onchange: pick, value: value == null ? "" : String(value) }, [
        h("option", { key: "", value: "" }, t("settings.default")),
        choices.map(([text, one]) => h("option", { key: text, value: text }, typeof one === "boolean" ? t(one ? "yes" : "no") : text)),
      ]);
    }
    const numeric = ["number", "whole"].includes(setting.kind) && (value == null || typeof value === "number");
    const read = (text) => (text === "" ? null : numeric ? Number(text) : setting.kind === "list" ? text.split(",").map((part) => part.trim()) : text);
    return h("input", {
      ...common,
      type: numeric ? "number" : "text",
      inputmode: numeric ? "decimal" : null,
      min: numeric ? setting.minimum : null,
      max: numeric ? setting.maximum : null,
      step: numeric ? (setting.kind === "whole" ? 1 : "any") : null,
      placeholder: setting.default == null ? null : String(setting.default),
      value: value == null ? "" : Array.isArray(value) ? value.join(", ") : String(value),
      onchange: (event) => change(setting, read(event.target.value)),
    });
  };

  const order = (setting, names) => {
    const move = (index, by) => () => {
      const list = [...names];
      [list[index], list[index + by]] = [list[index + by], list[index]];
      change(setting, list);
    };
    return h("ol", { class: "order" }, names.map((name, index) => h("li", { key: name }, [
      h("span", null, title(name)),
      h("button", { class: "button", disabled: index === 0, "aria-label": t("settings.up", { name }), onclick: move(index, -1) }, "↑"),
      h("button", { class: "button", disabled: index === names.length - 1, "aria-label": t("settings.down", { name }), onclick: move(index, 1) }, "↓"),
    ])));
  };

  return { view };
}

const lines = (...parts) => parts.filter(Boolean).join(" ");
const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const unitOf = (setting) => setting.unit.replace("degC", "°C");
const nameOf = (setting) => setting.label || setting.path;

function groups(settings) {
  const found = new Map();
  for (const one of settings) {
    const name = one.load ?? one.path.split(".")[0];
    found.set(name, [...(found.get(name) ?? []), one]);
  }
  return [...found];
}

function shown(setting, value) {
  if (value == null) return t("settings.default");
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (typeof value === "number") return `${number(value, Number.isInteger(value) ? 0 : 2)}${setting.unit ? ` ${unitOf(setting)}` : ""}`;
  return Array.isArray(value) || typeof value === "object" ? JSON.stringify(value) : String(value);
}

function note(setting) {
  const parts = [];
  if (setting.minimum != null && setting.maximum != null) parts.push(t("settings.range", { minimum: number(setting.minimum), maximum: number(setting.maximum) }));
  if (setting.default != null && !Array.isArray(setting.default)) parts.push(t("settings.default_is", { value: shown(setting, setting.default) }));
  if (setting.line != null) parts.push(t("settings.line", { line: setting.line }));
  return parts.filter(Boolean).join(" · ");
}
