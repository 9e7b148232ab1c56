// The first screen: alarms, flows, one card a load with its why, and the day.

import { flow } from "./flow.js";
import { loadCard } from "./card.js";
import { because, change } from "./reasons.js";
import { h, render } from "./render.js";
import { refresh, strip } from "./strip.js";
import { duration, energy, known, number, percent, t, title } from "./words.js";

export function open(root, app) {
  const update = (status) => {
    refresh(app, status);
    render(root, [
      h("div", { key: "left", class: "column" }, [
        status.alarms.map((alarm) => alarmCard(app, alarm)),
        h("section", { key: "flow", class: "card flow-card", "aria-labelledby": "flow-title" }, [
          h("h2", { id: "flow-title", class: "unseen" }, t("flow.title")),
          flow(status, () => app.open(() => details(app))),
          h("button", { class: "link details", onclick: () => app.open(() => details(app)) }, t("flow.details")),
        ]),
        status.why && guardCard(status),
        !status.loads.length && h("p", { class: "card" }, t("load.none")),
      ]),
      h("div", { key: "right", class: "column" }, [
        status.loads.map((load) => loadCard(app, load, status)),
        todayCard(app, status),
      ]),
    ]);
  };
  if (!app.status()) render(root, h("p", { class: "card muted" }, t("state.waiting")));
  return { update, close() {} };
}

function alarmCard(app, alarm) {
  const clears = alarm.load && ["fault", "hardware", "latched"].some((word) => alarm.code.includes(word));
  return h("section", { key: `alarm ${alarm.code} ${alarm.load ?? ""}`, class: "card alarm", role: "alert" }, [
    h("p", { class: "why" }, [alarm.load ? `${title(alarm.load)}: ` : "", alarm.text]),
    alarm.help && h("p", null, known(`help.${alarm.code}`) ? t(`help.${alarm.code}`) : alarm.help),
    h("p", { class: "row" }, [
      clears && h("button", { class: "button", onclick: () => app.command(`loads/${encodeURIComponent(alarm.load)}/clear`) }, t("load.clear")),
      h("a", { class: "button", href: alarm.load ? `#load/${encodeURIComponent(alarm.load)}` : "#sources" }, t("flow.details")),
    ]),
  ]);
}

// What holds all loads back, once for all of them.
function guardCard(status) {
  const flip = change(status.why, false, status.now);
  return h("section", { key: "guard", class: "card guard" }, [
    h("p", { class: "why" }, t("guard.blocks", { reason: because(status.why) })),
    flip && h("p", { class: "muted" }, flip),
  ]);
}

// The same numbers as the picture, as a table, with where they come from.
function details(app) {
  const { flows, state, flags } = app.status();
  const rows = [
    ["pv_w", flows.pv_w, t(flags.pv_throttled ? "flow.throttled" : "empty")],
    ["pv_possible_w", flows.pv_possible_w, ""],
    ["house_w", flows.house_w, t("flow.without_loads")],
    ["loads_w", flows.loads_w, ""],
    ["battery_w", flows.battery_w, flows.battery_w == null ? "" : t(flows.battery_w >= 0 ? "flow.charges" : "flow.discharges")],
    ["grid_w", flows.grid_w, flows.grid_w == null ? "" : t(flows.grid_w >= 0 ? "flow.in" : "flow.out")],
  ];
  const cell = (value) => (value == null ? t("flow.not_measured") : app.watts(Math.abs(value)));
  return [
    h("h2", { id: "sheet-title" }, t("flow.title")),
    h("table", { class: "plain" }, [
      h("tbody", null, [
        rows.map(([name, value, note]) =>
          h("tr", { key: name }, [h("th", { scope: "row" }, t(`flow.${name}`)), h("td", { class: "num" }, cell(value)), h("td", { class: "muted" }, note)]),
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
      h("a", { class: "button", href: "#sources" }, t("sources.title")),
      h("button", { class: "button main", onclick: app.close }, t("close")),
    ]),
  ];
}

function todayCard(app, status) {
  return h("section", { key: "today", class: "card today", "aria-labelledby": "today-title" }, [
    h("h2", { id: "today-title" }, t("today.title")),
    status.today && h("button", { class: "link today-line", onclick: () => app.open(() => losses(app)) }, todayLine(status.today)),
    h("a", { class: "strip-link", href: "#day" }, [strip(app, status)]),
    h("p", { class: "legend muted" }, [
      h("span", { class: "mark solar" }, t("strip.sun")),
      h("span", { class: "mark battery" }, t("strip.battery")),
      h("span", { class: "mark loads" }, t("strip.heats")),
      h("span", { class: "mark plan" }, t("strip.plan")),
    ]),
    status.plan && evening(app, status),
  ]);
}

export function todayLine(today) {
  const { caught_wh: caught, possible_wh: possible, lost_wh: lost } = today;
  if (caught == null) return t("today.unknown");
  const parts = possible > 0 ? [t("today.caught", { caught: kwh(caught), possible: kwh(possible), share: percent((caught / possible) * 100) })] : [t("today.none")];
  const [cause, wh] = Object.entries(lost ?? {}).sort((a, b) => b[1] - a[1])[0] ?? [];
  if (wh >= 50) parts.push(t("today.lost", { lost: kwh(wh), cause: lostName(cause) }));
  return parts.join(" · ");
}

const kwh = (wh) => number(wh / 1000, 1);
export const lostName = (cause) => (known(`lost.${cause}`) ? t(`lost.${cause}`) : cause.replaceAll("_", " "));

function losses(app) {
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
}

function evening(app, { plan, now }) {
  if (plan.soc_tonight_percent == null) return null;
  const expects = t("plan.tonight", { percent: percent(plan.soc_tonight_percent), time: app.moment(plan.tonight_at, now) });
  const then = plan.soc_tomorrow_percent == null ? "" : ` ${t("plan.tomorrow", { percent: percent(plan.soc_tomorrow_percent), time: app.moment(plan.tomorrow_at, now) })}`;
  return h("p", { class: "muted" }, expects + then);
}
