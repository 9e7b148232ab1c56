// The sheets behind the first screen: how long a mode lasts (for good only where the settings allow it), and the numbers as tables.

import { h } from "./render.js";
import { addDays, atHome, dateAt } from "./time.js";
import { duration, energy, lostName, moment, percent, t, title, watts } from "./words.js";

const LENGTHS = [
  ["600", 600],
  ["3600", 3600],
  ["7200", 7200],
];
const FULL = "full";
const GOOD = "good";
const MORNING = "06:00";

// The next moment at which the home's clocks show `time` (HH:MM), in ms.
function nextClock(time, nowMs, zone) {
  const today = dateAt(nowMs, zone), at = atHome(today, time, zone);
  return at > nowMs ? at : atHome(addDays(today, 1), time, zone);
}

export function mode(app, name, mode, setMode) {
  let choice = "7200";
  let own = "";
  let powerW = null;
  const choose = (value) => () => {
    choice = value;
    app.draw();
  };

  return () => {
    const load = app.status().loads.find((one) => one.name === name);
    if (!load) return h("p", null, t("load.gone"));
    const nowMs = app.nowMs();
    const chip = (value, text) =>
      h("button", { key: value, class: "chip", "aria-pressed": String(choice === value), onclick: choose(value) }, text);
    const until = end(choice, own, nowMs, app.zone);
    const send = async () => {
      const body = { mode, ...until.body };
      if (mode === "on" && powerW != null && powerW < load.max_power_w) body.power_w = powerW;
      app.close();
      await setMode(app, load, body);
    };
    return [
      h("h2", { id: "sheet-title" }, t(`sheet.${mode}`, { name: title(name) })),
      h("div", { class: "chips", role: "group", "aria-label": t("sheet.how_long") }, [
        LENGTHS.map(([value]) => chip(value, t(`sheet.${value}`))),
        mode === "on" && chip(FULL, t("sheet.full")),
        chip(MORNING, t("sheet.morning", { time: MORNING })),
        chip("own", t("sheet.own")),
        load.forced_without_end && chip(GOOD, t("sheet.good")),
      ]),
      choice === "own" &&
        h("label", { class: "field" }, [
          h("span", null, t("sheet.own_time")),
          h("input", { type: "time", value: own, oninput: (event) => ((own = event.target.value), app.draw()) }),
        ]),
      mode === "on" && load.regulated && power(load, powerW, (value) => ((powerW = value), app.draw())),
      mode === "on" && load.why.locked && h("p", { class: "note" }, t("sheet.locked")),
      h("p", { class: "muted" }, until.at ? t("sheet.then_auto", { time: moment(until.at, nowMs) }) : until.body ? t(`sheet.${choice}_auto`) : t("sheet.choose")),
      h("p", { class: "row end" }, [
        h("button", { class: "button", onclick: app.close }, t("cancel")),
        h("button", { class: "button main", disabled: !until.body, onclick: send }, t(`sheet.do_${mode}`)),
      ]),
    ];
  };
}

function end(choice, own, nowMs, zone) {
  if (choice === FULL) return { at: null, body: { until: FULL } };
  if (choice === GOOD) return { at: null, body: { for_good: true } };
  const time = choice === "own" ? own : choice.includes(":") ? choice : null;
  if (time === "") return { at: null, body: null };
  if (time) {
    const at = nextClock(time, nowMs, zone);
    return { at, body: { until_at: new Date(at).toISOString() } };
  }
  const forS = Number(choice);
  return { at: nowMs + forS * 1000, body: { for_s: forS } };
}

function power(load, powerW, change) {
  const value = powerW ?? load.max_power_w;
  return h("label", { class: "field" }, [
    h("span", null, t("sheet.power", { power: watts(value) })),
    h("input", {
      type: "range",
      min: Math.ceil(load.min_power_w),
      max: load.max_power_w,
      step: load.max_power_w > 1000 ? 50 : 10,
      value,
      oninput: (event) => change(Number(event.target.value)),
    }),
  ]);
}

// The same numbers as the picture, as a table, with where they come from.
export const details = (app) => () => {
  const { flows, state, flags } = app.status();
  const rows = [
    ["flow.solar", flows.pv_w, flags.pv_throttled ? t("flow.throttled") : ""],
    ["day.possible", flows.pv_possible_w, ""],
    ["flow.house", flows.house_w, t("flow.without_loads")],
    ["flow.loads", flows.loads_w, ""],
    ["flow.battery", flows.battery_w, flows.battery_w == null ? "" : t(flows.battery_w >= 0 ? "flow.charges" : "flow.discharges")],
    ["flow.grid", flows.grid_w, flows.grid_w == null ? "" : t(flows.grid_w >= 0 ? "flow.in" : "flow.out")],
  ];
  const cell = (value) => (value == null ? t("flow.not_measured") : app.watts(Math.abs(value)));
  return [
    h("h2", { id: "sheet-title" }, t("flow.title")),
    h("table", { class: "plain" }, [
      h("tbody", null, [
        rows.map(([name, value, note]) =>
          h("tr", { key: name }, [h("th", { scope: "row" }, t(name)), h("td", { class: "num" }, cell(value)), h("td", { class: "muted" }, note)]),
        ),
        h("tr", { key: "soc" }, [
          h("th", { scope: "row" }, t("flow.battery_soc_percent")),
          h("td", { class: "num" }, flows.battery_soc_percent == null ? t("flow.not_measured") : percent(flows.battery_soc_percent, 1)),
          h("td", null, ""),
        ]),
      ]),
    ]),
    h("p", { class: "muted" }, t("flow.from", { source: state.source ?? app.NOTHING, age: duration(state.age_s == null ? null : state.age_s + app.sinceAnswerS()), limit: duration(state.limit_s) })),
    h("p", { class: "row end" }, [
      h("a", { class: "button", href: "#sources" }, t("tab.sources")),
      h("button", { class: "button main", onclick: app.close }, t("close")),
    ]),
  ];
};

export const losses = (app) => () => {
  const { today } = app.status();
  const list = Object.entries(today?.lost_wh ?? {}).filter(([, wh]) => wh >= 1).sort((a, b) => b[1] - a[1]);
  const row = (name, wh, kind) => h("tr", { key: name, class: kind }, [h("th", { scope: "row" }, name), h("td", { class: "num" }, energy(wh))]);
  return [
    h("h2", { id: "sheet-title" }, t("today.sheet")),
    h("table", { class: "plain" }, h("tbody", null, [
      row(t("today.row.possible"), today?.possible_wh),
      row(t("today.row.caught"), today?.caught_wh, "strong"),
      list.map(([cause, wh]) => row(t("today.row.lost", { cause: lostName(cause) }), wh)),
      row(t("today.row.bought"), today?.bought_wh),
    ])),
    h("p", { class: "muted" }, t("today.explained")),
    h("p", { class: "row end" }, [h("button", { class: "button main", onclick: app.close }, t("close"))]),
  ];
};
