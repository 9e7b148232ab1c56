// What the tabs with charts share: scales in words, tables, files to save, and what to say when nothing came.

import { h } from "./render.js";
import { number, t } from "./words.js";

/** A tick of a scale in watts or watt hours (`letter` h for the latter): the top one says its unit. */
export function unitOf(value, isTop, range, letter = "") {
  const kilo = Math.max(range.high, -range.low) >= 1000, step = range.marks[1] - range.marks[0];
  const text = number(kilo ? value / 1000 : value, kilo && step % 1000 ? 1 : 0);
  return isTop ? `${text} ${kilo ? "kW" : "W"}${letter}` : text;
}

/** A table in a box that scrolls by itself, for eyes and screen readers alike. */
export function dataTable(caption, head, rows, style = "numbers") {
  return h("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": caption },
    h("table", { class: `plain ${style}` },
      h("caption", { class: "muted" }, caption),
      h("thead", null, h("tr", null, head.map((name, i) => h("th", { key: i, scope: "col" }, name)))),
      h("tbody", null, rows.map((row, r) => h("tr", { key: r }, row.map((cell, i) => h(i ? "td" : "th", { key: i, scope: i ? null : "row" }, cell)))))));
}

export const factNode = (name, value, note) =>
  h("div", { key: name }, h("span", { class: "muted" }, name), h("b", null, value), note ? h("span", { class: "muted" }, note) : null);

/** A button that saves what `made()` answers, a text or its promise, as a file. */
export function saveButton(made, file) {
  const save = async ({ currentTarget: button }) => {
    button.disabled = true;
    try {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([await made()], { type: "text/csv" }));
      link.download = file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      button.textContent = t("chart.csv");
    } catch {
      button.textContent = t("chart.csv.failed");
    }
    button.disabled = false;
  };
  return h("button", { key: "save", type: "button", class: "button", onclick: save }, t("chart.csv"));
}

/** Lines of text with commas; what holds a comma or a quote is quoted, null is empty. */
export function csvOf(rows) {
  const cell = (value) => (value == null ? "" : /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** Why there is no picture, and a button to try again where that may help. */
export function problemNode(error, again) {
  const off = error.status === 404;
  const text = off ? t("chart.off") : t("chart.failed", { detail: error.detail || t("chart.unreachable") });
  return h("div", { key: "error", class: "card", role: "alert" }, h("p", null, text), off ? null : h("button", { type: "button", class: "button", onclick: again }, t("chart.again")));
}
