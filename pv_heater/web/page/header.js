// Name of the home, how fresh its numbers are, and what is out of the ordinary.

import { h } from "./render.js";
import { clock, duration, moment, t } from "./words.js";

export function header(app) {
  const { status, lostSince } = app.state;
  return h("header", { class: "top" }, [
    h("h1", null, status?.site.name ?? "pv-heater"),
    h("a", { class: `pill ${pillClass(app)}`, href: "#sources" }, [
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("span", { "aria-live": "polite", class: "unseen" }, lostSince ? pillText(app) : status ? t(`state.${status.state.word}`) : ""),
      h("span", { "aria-hidden": "true" }, pillText(app)),
    ]),
    h("p", { class: "badges" }, badges(app)),
  ]);
}

function pillClass(app) {
  if (app.state.lostSince) return "lost";
  return app.state.status?.state.word ?? "starting";
}

function pillText(app) {
  const { status, lostSince } = app.state;
  if (lostSince) return t("state.no_connection", { time: clock(lostSince) });
  if (!status) return t("state.starting");
  const { word, age_s: ageS, since_at: sinceAt } = status.state;
  if (word === "lost") return sinceAt ? t("state.lost_since", { time: moment(sinceAt, status.now) }) : t("state.lost");
  if (word === "starting" || ageS == null) return t("state.starting");
  const age = duration(ageS + app.sinceAnswerS());
  return t(word === "live" ? "state.live_age" : "state.holding_age", { age });
}

function badges(app) {
  const { status } = app.state;
  if (!status) return [];
  const { flags } = status;
  const words = [
    flags.demo && t("badge.demo"),
    flags.dry_run && !flags.demo && t("badge.dry_run"),
    flags.vacation_until_at && t("badge.vacation", { time: moment(flags.vacation_until_at, status.now) }),
    flags.grid_connected === false && t("badge.grid_lost"),
    flags.ac_source === "generator" && t("badge.generator"),
  ];
  return words.filter(Boolean).map((word) => h("span", { key: word, class: "badge" }, word));
}
