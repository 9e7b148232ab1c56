// One load: its record, what happened to it, and what is rarely needed (boost, fault, wiring).

import { offers } from "./commands.js";
import { loadCard } from "./now.js";
import { h, render } from "./render.js";
import { because, date, degrees, duration, energy, lang, margin, marginName, moment, number, ruleName, t, title, watts } from "./words.js";

const AGAIN_MS = 10_000;
const BOOSTS_S = [3600, 7200, 14_400];

export function open(root, app) {
  const name = decodeURIComponent(app.part);
  let entries = null;
  let askedMs = -Infinity;
  let phase = "";

  const ask = async () => {
    askedMs = performance.now();
    try {
      entries = (await app.get(`loads/${encodeURIComponent(name)}`)).entries;
    } catch (error) {
      if (error.status === 404) entries = [];
    }
    app.draw();
  };

  const update = (status) => {
    const load = status.loads.find((one) => one.name === name);
    if (load && (load.phase + load.mode !== phase || performance.now() - askedMs > AGAIN_MS)) {
      phase = load.phase + load.mode;
      ask();
    }
    render(root, [back(), load ? page(app, load, status, entries) : h("p", { class: "card" }, t("load.gone"))]);
  };
  return { update, close() {} };
}

export const back = () => h("a", { class: "button back", href: "#now" }, `‹ ${t("tab.now")}`);

function page(app, load, status, entries) {
  return [
    loadCard(app, load, status),
    h("section", { class: "card", key: "record" }, [
      h("h2", null, t("load.record")),
      h("dl", { class: "facts" }, facts(load, status).map(([term, text]) => [h("dt", { key: `t ${term}` }, term), h("dd", { key: `d ${term}` }, text)])),
      h("p", { class: "muted" }, t("load.log_says")),
      h("p", { class: "log-says", lang: "en" }, load.why.because.replaceAll("degC", "°C")),
    ]),
    h("section", { class: "card", key: "actions" }, [
      h("h2", null, t("load.actions")),
      load.phase === "fault" &&
        h("p", { class: "row" }, [
          load.fault && h("span", { class: "bad" }, load.fault),
          h("button", { class: "button danger", onclick: () => app.command(`loads/${encodeURIComponent(load.name)}/clear`) }, t("load.clear")),
        ]),
      h("p", { class: "row" }, [
        h("button", { class: "button", onclick: () => (app.mayControl() ? app.open(boostSheet(app, load)) : app.login()) }, t("boost.button")),
        app.isAdmin() && offers(app, "loads/{name}/try") && h("button", { class: "button", onclick: () => app.open(trySheet(app, load)) }, t("try.button")),
      ]),
    ]),
    h("section", { class: "card", key: "entries" }, [h("h2", null, t("load.transitions")), transitions(entries, status)]),
  ];
}

function facts(load, status) {
  const list = [
    [t("load.reason"), ruleName(load.why.rule, load.phase === "heating")],
    ...Object.entries(load.why.margins ?? {}).map(([name, value]) => [marginName(name), `${value > 0 && !name.endsWith("_s") ? "+" : value < 0 ? "−" : ""}${margin(name, Math.abs(value))}`]),
    [t("load.since"), moment(load.since_at, status.now)],
    [t("today.title"), `${energy(load.energy_wh)}, ${t(load.starts === 1 ? "load.start" : "load.starts", { count: number(load.starts) })}`],
  ];
  if (load.next_change_at) list.push([t("load.next"), moment(load.next_change_at, status.now)]);
  if (load.rests_until_at) list.push([t("load.rests"), moment(load.rests_until_at, status.now)]);
  if (load.max_c != null) list.push([t("load.max_c"), degrees(load.max_c, 0)]);
  list.push([t("load.range"), load.regulated ? `${watts(load.min_power_w)} – ${watts(load.max_power_w)}` : watts(load.max_power_w)]);
  if (load.tank?.hygiene_record) list.push([t("load.hygiene"), hygiene(load.tank.hygiene_record)]);
  return list;
}

export const dayOf = (text) => date(Date.parse(`${text}T12:00Z`), { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });

// How a tank stands against legionella: since when it is hot, or when it last was and by whom, and by when it must be again.
export function hygiene({ at_c: atC, due_on: due, held_s: heldS, cycles }) {
  const last = cycles.at(-1), temperature = degrees(atC, 0);
  const parts = [heldS > 0 ? t("hygiene.holds", { temperature, time: duration(heldS) })
    : last ? t("hygiene.held", { temperature, date: dayOf(last.date), by: heatedBy(last) }) : t("hygiene.never", { temperature })];
  if (due) parts.push(t("hygiene.due", { date: dayOf(due) }));
  return parts.join(" ");
}

export const heatedBy = (cycle) => (cycle.by_duty ? t("hygiene.forced", { energy: energy(cycle.bought_wh) }) : t("hygiene.sun"));

function transitions(entries, status) {
  if (!entries) return h("p", { class: "muted" }, t("state.waiting"));
  const own = entries.filter((entry) => entry.load != null).reverse();
  if (!own.length) return h("p", { class: "muted" }, t("load.no_transitions"));
  return h("ol", { class: "entries" }, own.map((entry, index) => h("li", { key: `${entry.at} ${index}` }, [
    h("p", null, [
      h("time", { datetime: entry.at, class: "when" }, moment(entry.at, status.now)),
      " ",
      h("strong", null, move(entry)),
    ]),
    h("p", { class: "muted" }, because(entry, entry.to_phase === "heating")),
  ])));
}

function move(entry) {
  const power = (w) => (w ? ` ${watts(w)}` : "");
  const to = t(`phase.${entry.to_phase}`) + power(entry.to_power_w);
  return entry.from_phase ? `${t(`phase.${entry.from_phase}`)}${power(entry.from_power_w)} → ${to}` : to;
}

function boostSheet(app, load) {
  let forS = BOOSTS_S[0];
  let toC = "";
  return () => [
    h("h2", { id: "sheet-title" }, t("boost.title", { name: title(load.name) })),
    h("p", { class: "muted" }, t("boost.explained")),
    h("div", { class: "chips", role: "group", "aria-label": t("sheet.how_long") }, BOOSTS_S.map((one) =>
      h("button", { key: one, class: "chip", "aria-pressed": String(one === forS), onclick: () => ((forS = one), app.draw()) }, duration(one)))),
    load.temperature_c != null && h("label", { class: "field" }, [
      h("span", null, t("boost.to")),
      h("input", { type: "number", min: 20, max: load.max_c ?? 90, oninput: (event) => (toC = event.target.value) }),
    ]),
    h("p", { class: "row end" }, [
      h("button", { class: "button", onclick: app.close }, t("cancel")),
      h("button", { class: "button main", onclick: async () => {
        app.close();
        const answer = await app.command(`loads/${encodeURIComponent(load.name)}/boost`, { for_s: forS, ...(toC && { to_c: Number(toC) }) });
        if (answer?.message) app.say(t("boost.done", { time: duration(forS) }));
      } }, t("boost.do")),
    ]),
  ];
}

// Wiring, tried for seconds: the controller ends each of these by itself.
function trySheet(app, load) {
  let percent = 30;
  let mainsOff = false;
  const act = async (body) => {
    const answer = await app.command(`loads/${encodeURIComponent(load.name)}/try`, body);
    if (answer?.message) app.say(lang() === "en" ? answer.message : t("try.runs"));
  };
  return () => [
    h("h2", { id: "sheet-title" }, t("try.title", { name: title(load.name) })),
    h("p", { class: "muted" }, t("try.explained")),
    h("p", { class: "row" }, [
      h("button", { class: "button", onclick: () => act({ what: "click", for_s: 3 }) }, t("try.click")),
      h("button", { class: "button", onclick: () => act({ what: "blink", for_s: 3 }) }, t("try.blink")),
    ]),
    load.regulated && [
      h("label", { key: "position", class: "field" }, [
        h("span", null, t("try.position", { percent: number(percent) })),
        h("input", { type: "range", min: 0, max: 100, step: 5, value: percent, oninput: (event) => ((percent = Number(event.target.value)), app.draw()) }),
      ]),
      h("label", { key: "mains", class: "check" }, [
        h("input", { type: "checkbox", onchange: (event) => ((mainsOff = event.target.checked), app.draw()) }),
        h("span", null, t("try.mains_is_off")),
      ]),
      h("button", { key: "move", class: "button", disabled: !mainsOff, onclick: () => act({ what: "position", percent, for_s: 30, mains_is_off: true }) }, t("try.move")),
    ],
    h("p", { class: "row end" }, [
      h("button", { class: "button", onclick: () => act({ what: "end" }) }, t("try.end")),
      h("button", { class: "button main", onclick: app.close }, t("close")),
    ]),
  ];
}
