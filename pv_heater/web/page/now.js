// The first screen: alarms, flows, one card a load (what it does, why, what would change it, its modes), and the day.

import { flow, refresh, strip } from "./pictures.js";
import { h, render } from "./render.js";
import { alarming, because, change, countdown, degrees, known, lang, lostName, moment, number, percent, sentence, speakMore, t, title, watts } from "./words.js";

const WIDE = matchMedia("(min-width: 1000px)");

export function open(root, app) {
  let day = null;
  const update = (status) => {
    if (!WIDE.matches) refresh(app, status);
    // What to do about an alarm is said with the words of the pages behind this one.
    if (status.alarms.length && !known("close")) speakMore().then(app.draw);
    render(root, [
      h("div", { key: "left", class: "column" }, [
        status.alarms.map((alarm) => alarmCard(app, alarm)),
        h("section", { key: "flow", class: "card flow-card", "aria-labelledby": "flow-title" }, [
          h("h2", { id: "flow-title", class: "unseen" }, t("flow.title")),
          flow(status, () => app.sheet("details")),
          h("button", { class: "link details", onclick: () => app.sheet("details") }, t("flow.details")),
        ]),
        status.why && !status.alarms.some((alarm) => alarm.code === status.why.rule) && guardCard(status),
        !status.loads.length && h("p", { class: "card" }, t(status.state.word === "starting" ? "state.waiting" : "load.none")),
        status.loads.map((load) => loadCard(app, load, status)),
      ]),
      h("div", { key: "right", class: "column" }, [
        todayCard(app, status, !WIDE.matches),
        WIDE.matches && h("div", { key: "day", foreign: true, class: "beside" }),
      ]),
    ]);
    // Where there is room the day stands beside it, as its tab shows it.
    if (WIDE.matches && !day) {
      day = {};
      app.more("day").then((tab) => {
        const place = root.querySelector(".beside");
        if (place) day = tab.open(place, app);
      });
    }
    day?.update?.(status);
  };
  if (!app.status()) render(root, h("p", { class: "card muted" }, t("state.waiting")));
  return { update, close: () => day?.close?.() };
}

function alarmCard(app, alarm) {
  const clears = alarm.load && alarm.code === "hardware";
  const where = alarm.load ? `#load/${encodeURIComponent(alarm.load)}` : alarm.code.includes("_not_") ? "#settings" : "#sources";
  const flip = !alarm.load && change({ rule: alarm.code, margins: alarm.margins }, false);
  return h("section", { key: `alarm ${alarm.code} ${alarm.load ?? ""}`, class: "card alarm", role: "alert" }, [
    h("p", { class: "why" }, alarming(alarm)),
    h("p", null, known(`help.${alarm.code}`) ? t(`help.${alarm.code}`) : alarm.help),
    flip && h("p", { class: "muted" }, flip),
    lang() !== "en" && h("p", { class: "muted", lang: "en" }, alarm.text),
    h("p", { class: "row" }, [
      clears && h("button", { class: "button", onclick: () => app.command(`loads/${encodeURIComponent(alarm.load)}/clear`) }, t("load.clear")),
      h("a", { class: "button", href: where }, t("flow.details")),
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

function todayCard(app, status, small) {
  return h("section", { key: "today", class: "card today", "aria-labelledby": "today-title" }, [
    h("h2", { id: "today-title" }, t("today.title")),
    status.today && h("button", { class: "link today-line", onclick: () => app.sheet("losses") }, todayLine(status.today)),
    small && h("a", { class: "strip-link", href: "#day" }, [strip(app, status)]),
    small && h("p", { class: "legend muted" }, [
      h("span", { class: "mark solar" }, t("strip.sun")),
      h("span", { class: "mark battery" }, t("strip.battery")),
      h("span", { class: "mark loads" }, t("strip.heats")),
      h("span", { class: "mark plan" }, t("strip.plan")),
    ]),
    status.plan && evening(app, status),
  ]);
}

export function todayLine(today) {
  const { caught_wh: caught, possible_wh: possible, lost_wh: lost, saved_money: saved } = today;
  if (caught == null) return t("today.unknown");
  const parts = possible > 0 ? [t("today.caught", { caught: kwh(caught), possible: kwh(possible), share: percent((caught / possible) * 100) })] : [t("today.none")];
  const [cause, wh] = Object.entries(lost ?? {}).sort((a, b) => b[1] - a[1])[0] ?? [];
  if (wh >= 50) parts.push(t("today.lost", { lost: kwh(wh), cause: lostName(cause) }));
  if (saved) parts.push(t("today.saved", { money: number(saved, 2) }));
  return parts.join(" · ");
}

const kwh = (wh) => number(wh / 1000, 1);

function evening(app, { plan, now }) {
  if (plan.soc_tonight_percent == null) return null;
  const expects = t("plan.tonight", { percent: percent(plan.soc_tonight_percent), time: app.moment(plan.tonight_at, now) });
  const then = plan.soc_tomorrow_percent == null ? "" : ` ${t("plan.tomorrow", { percent: percent(plan.soc_tomorrow_percent), time: app.moment(plan.tomorrow_at, now) })}`;
  return h("p", { class: "muted" }, expects + then);
}

export function loadCard(app, load, status) {
  const id = `load-${load.name}`;
  const flip = change(load.why, load.phase === "heating", status.now, load.next_change_at);
  return h("section", { key: `load ${load.name}`, class: `card load ${load.phase}`, "aria-labelledby": id }, [
    h("div", { class: "title" }, [
      h("h2", { id }, h("a", { href: `#load/${encodeURIComponent(load.name)}` }, title(load.name))),
      h("span", { class: `phase ${load.phase}` }, t(`phase.${load.phase}`)),
      h("strong", { class: "power" }, watts(load.power_w)),
    ]),
    (load.tank || load.temperature_c != null) && tank(load, status),
    h("p", { class: "why" }, [load.why.locked && lock(), sentence(load)]),
    flip && h("p", { class: "muted flip" }, flip),
    load.mode !== "auto" && forced(app, load),
    modes(app, load),
  ]);
}

function lock() {
  return [
    h("svg", { class: "lock", viewBox: "0 0 16 16", "aria-hidden": "true" }, h("path", { d: "M3 7h10v7H3zM5 7V5a3 3 0 0 1 6 0v2" })),
    h("span", { class: "unseen" }, `${t("load.locked")} `),
  ];
}

// The bar is temperature where a probe tells it, else the estimated charge of the tank.
function tank(load, status) {
  const byProbe = load.temperature_c != null;
  const topC = load.max_c ?? load.target_c ?? 65;
  const share = byProbe ? (load.temperature_c - 10) / (topC - 10) : (load.tank?.percent ?? 0) / 100;
  const target = byProbe && load.target_c != null && load.target_c < topC ? (load.target_c - 10) / (topC - 10) : null;
  const left = byProbe ? degrees(load.temperature_c) : percent(load.tank?.percent);
  const width = Math.max(0, Math.min(1, share)) * 100;
  return h("div", { class: "tank" }, [
    h("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, [
      h("rect", { key: "track", class: "track", width: 100, height: 10 }),
      h("rect", { key: "level", class: "level", width: width.toFixed(1), height: 10 }),
      target != null && h("rect", { key: "target", class: "target", x: target * 100 - 0.4, width: 0.8, height: 10 }),
    ]),
    h("p", { class: "muted ends" }, [h("span", null, [load.tank?.estimated && !byProbe ? `${t("about")} ` : "", left]), h("span", null, goal(load, status))]),
  ]);
}

export function goal(load, status) {
  const parts = [];
  if (load.target_c != null) parts.push(t("tank.target", { target: degrees(load.target_c, 0) }));
  if (load.tank?.ready_at) parts.push(t("tank.ready", { time: moment(load.tank.ready_at, status.now) }));
  else if (load.tank?.kwh_to_go != null) parts.push(t("tank.to_go", { energy: `${number(load.tank.kwh_to_go, 1)} kWh` }));
  return parts.join(" · ");
}

function forced(app, load) {
  const said = load.until_at
    ? [
        t(`mode.forced_${load.mode}`, { time: moment(load.until_at, app.status().now) }),
        " ",
        h("span", { class: "count", role: "timer" }, countdown((Date.parse(load.until_at) - app.nowMs()) / 1000)),
      ]
    : t(`mode.for_good_${load.mode}`);
  return h("div", { class: "forced" }, [
    h("p", null, said),
    h("button", { class: "button", onclick: () => setMode(app, load, { mode: "auto" }) }, t("mode.back")),
  ]);
}

const pending = new Map();

export async function setMode(app, load, body) {
  if (!app.mayControl()) return app.login();
  pending.set(load.name, body.mode);
  app.draw();
  const answer = await app.command(`loads/${encodeURIComponent(load.name)}/mode`, body);
  pending.delete(load.name);
  app.draw();
  return answer;
}

function modes(app, load) {
  const asked = pending.get(load.name);
  const button = (mode, text, onclick) =>
    h("button", { key: mode, "aria-pressed": String((asked ?? load.mode) === mode), class: asked === mode ? "pending" : "", onclick }, text);
  return h("div", { class: "seg", role: "group", "aria-label": t("mode.of", { name: title(load.name) }) }, [
    button("off", t("mode.off"), () => sheet(app, load, "off")),
    button("auto", t("mode.auto"), () => setMode(app, load, { mode: "auto" })),
    button("on", t("mode.on"), () => sheet(app, load, "on")),
  ]);
}

function sheet(app, load, mode) {
  return app.mayControl() ? app.sheet("mode", load.name, mode, setMode) : app.login();
}
