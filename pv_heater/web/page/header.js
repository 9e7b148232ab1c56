// Name of the home, how fresh its numbers are, and what is out of the ordinary.

import { h } from "./render.js";
import { clock, duration, known, moment, t, watts } from "./words.js";

// On a wall (`still`) nothing of it can be touched.
export function header(app, still) {
  const { status, lostSince } = app.state;
  return h("header", { class: "top" }, [
    h("h1", null, status?.site.name ?? "pv-heater"),
    h(still ? "p" : "a", { class: `pill ${lostSince ? "lost" : (status?.state.word ?? "starting")}`, href: still ? null : "#sources" }, [
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("span", { "aria-live": "polite", class: "unseen" }, lostSince ? pillText(app) : status ? t(`state.${status.state.word}`) : ""),
      h("span", { "aria-hidden": "true" }, pillText(app)),
    ]),
    h("p", { class: "badges" }, badges(status).map((word) => h("span", { key: word, class: "badge" }, word))),
  ]);
}

function pillText(app) {
  const { status, session, lostSince } = app.state;
  if (lostSince) return t("state.no_connection", { time: clock(lostSince) });
  if (!status) return t(session?.scope === "none" ? "state.closed" : "state.starting");
  const { word, age_s: ageS, since_at: sinceAt } = status.state;
  if (word === "lost") return sinceAt ? t("state.lost_since", { time: moment(sinceAt, status.now) }) : t("state.lost");
  if (word === "starting" || ageS == null) return t("state.starting");
  const age = duration(ageS + app.sinceAnswerS());
  return t(word === "live" ? "state.live_age" : "state.holding_age", { age });
}

function badges(status) {
  if (!status) return [];
  const { flags, now } = status;
  return [
    flags.demo && t("badge.demo"),
    flags.dry_run && !flags.demo && t("badge.dry_run"),
    flags.vacation_until_at && t("badge.vacation", { time: moment(flags.vacation_until_at, now) }),
    flags.grid_connected === false && t("badge.grid_lost"),
    flags.ac_source === "generator" && t("badge.generator"),
    flags.steering && steering(flags.steering, now),
    flags.opportunity_loads && t("badge.opportunity_loads"),
  ].filter(Boolean);
}

// Another controller of the battery, and what it does with it now.
function steering({ by, does, power_w: power, until_at: until }, now) {
  const parts = [known(`badge.${by}`) ? t(`badge.${by}`) : by.replaceAll("_", " ").toUpperCase()];
  if (known(`steers.${does}`)) parts.push(t(`steers.${does}`), power ? watts(power) : "");
  if (until) parts.push(t("steers.until", { time: moment(until, now) }));
  return parts.filter(Boolean).join(" ");
}
