// The sheet behind On and Off: for how long, with how much. There is no mode without an end.

import { h } from "./render.js";
import { clock, moment, t, title, watts } from "./words.js";

const LENGTHS = [
  ["600", 600],
  ["3600", 3600],
  ["7200", 7200],
];
const FULL = "full";
const MORNING = "06:00";

// The next moment at which the home's clocks show `time` (HH:MM), in ms.
export function nextClock(time, nowMs) {
  const minutes = (text) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  const ahead = (minutes(time) - minutes(clock(nowMs)) + 1440) % 1440 || 1440;
  const at = Math.floor(nowMs / 60_000) * 60_000 + ahead * 60_000;
  const off = minutes(clock(at)) - minutes(time);
  return at - (((off + 720 + 1440) % 1440) - 720) * 60_000;
}

export function modeSheet(app, name, mode, setMode) {
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
    const until = end(choice, own, nowMs);
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
      ]),
      choice === "own" &&
        h("label", { class: "field" }, [
          h("span", null, t("sheet.own_time")),
          h("input", { type: "time", value: own, oninput: (event) => ((own = event.target.value), app.draw()) }),
        ]),
      mode === "on" && load.regulated && power(load, powerW, (value) => ((powerW = value), app.draw())),
      mode === "on" && load.why.locked && h("p", { class: "note" }, t("sheet.locked")),
      h("p", { class: "muted" }, until.at ? t("sheet.then_auto", { time: moment(until.at, nowMs) }) : until.body ? t("sheet.full_auto") : t("sheet.choose")),
      h("p", { class: "row end" }, [
        h("button", { class: "button", onclick: app.close }, t("cancel")),
        h("button", { class: "button main", disabled: !until.body, onclick: send }, t(`sheet.do_${mode}`)),
      ]),
    ];
  };
}

function end(choice, own, nowMs) {
  if (choice === FULL) return { at: null, body: { until: FULL } };
  const time = choice === "own" ? own : choice.includes(":") ? choice : null;
  if (time === "") return { at: null, body: null };
  if (time) {
    const at = nextClock(time, nowMs);
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
