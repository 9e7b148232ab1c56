// The first screen: alarms, flows, one card a load with its why, and the day.

import { flow } from "./flow.js";
import { loadCard } from "./card.js";
import { because, change } from "./reasons.js";
import { h, render } from "./render.js";
import { refresh, strip } from "./strip.js";
import { known, lostName, number, percent, t, title } from "./words.js";

export function open(root, app) {
  const update = (status) => {
    refresh(app, status);
    render(root, [
      h("div", { key: "left", class: "column" }, [
        status.alarms.map((alarm) => alarmCard(app, alarm)),
        h("section", { key: "flow", class: "card flow-card", "aria-labelledby": "flow-title" }, [
          h("h2", { id: "flow-title", class: "unseen" }, t("flow.title")),
          flow(status, () => app.sheet("details")),
          h("button", { class: "link details", onclick: () => app.sheet("details") }, t("flow.details")),
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

function todayCard(app, status) {
  return h("section", { key: "today", class: "card today", "aria-labelledby": "today-title" }, [
    h("h2", { id: "today-title" }, t("today.title")),
    status.today && h("button", { class: "link today-line", onclick: () => app.sheet("losses") }, todayLine(status.today)),
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

function todayLine(today) {
  const { caught_wh: caught, possible_wh: possible, lost_wh: lost } = today;
  if (caught == null) return t("today.unknown");
  const parts = possible > 0 ? [t("today.caught", { caught: kwh(caught), possible: kwh(possible), share: percent((caught / possible) * 100) })] : [t("today.none")];
  const [cause, wh] = Object.entries(lost ?? {}).sort((a, b) => b[1] - a[1])[0] ?? [];
  if (wh >= 50) parts.push(t("today.lost", { lost: kwh(wh), cause: lostName(cause) }));
  return parts.join(" · ");
}

const kwh = (wh) => number(wh / 1000, 1);

function evening(app, { plan, now }) {
  if (plan.soc_tonight_percent == null) return null;
  const expects = t("plan.tonight", { percent: percent(plan.soc_tonight_percent), time: app.moment(plan.tonight_at, now) });
  const then = plan.soc_tomorrow_percent == null ? "" : ` ${t("plan.tomorrow", { percent: percent(plan.soc_tomorrow_percent), time: app.moment(plan.tomorrow_at, now) })}`;
  return h("p", { class: "muted" }, expects + then);
}
