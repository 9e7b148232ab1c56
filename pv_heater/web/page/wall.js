// The page on a wall (?view=wall): what somebody reads from three metres in passing, and nothing to touch.

import { todayLine } from "./now.js";
import { described } from "./pictures.js";
import { h, render } from "./render.js";
import { alarming, clock, colon, degrees, percent, sentence, t, title } from "./words.js";

const MOST_LOADS = 3;

export function open(root, app) {
  const update = (status) => render(root, status ? screen(status) : h("p", { class: "wall-says" }, t(refused(app) ? "wall.login" : "state.waiting")));
  update(app.status());
  return { update, close() {} };
}

const refused = (app) => app.state.session?.scope === "none";

function screen(status) {
  const { alarms, loads, today, now } = status;
  const busy = loads.filter((load) => load.power_w > 0 || load.phase === "fault");
  return [
    alarms.slice(0, 2).map((alarm) =>
      h("p", { key: `alarm ${alarm.code} ${alarm.load ?? ""}`, class: "wall-alarm", role: "alert" }, alarming(alarm))),
    h("div", { key: "tiles", class: "tiles" }, [
      described(status).map((part) => tile(part, status)),
      h("p", { key: "clock", class: "tile" }, [h("span", null, t("wall.time")), amount(clock(now)), h("span", null, "")]),
    ]),
    (busy.length ? busy : loads.slice(0, 1)).slice(0, MOST_LOADS).map((load) =>
      h("p", { key: `load ${load.name}`, class: "wall-says" }, [h("b", null, title(load.name)), load.temperature_c != null && ` ${degrees(load.temperature_c)}`, ` · ${sentence(load)}`])),
    today && h("p", { key: "today", class: "wall-says" }, `${t("today.title")}${colon()}${todayLine(today)}`),
  ];
}

// The number large, its unit small.
function amount(text) {
  const [value, unit] = text.split(" ");
  return h("b", null, [value, unit && h("small", null, ` ${unit}`)]);
}

// Of a battery the charge counts most, of all else the watts.
function tile(part, { flows }) {
  const soc = flows.battery_soc_percent;
  const charge = part.id === "battery" && soc != null;
  const arrow = !flows.battery_w || Math.abs(flows.battery_w) < 20 ? "" : flows.battery_w > 0 ? "↑ " : "↓ ";
  return h("p", { key: part.id, class: `tile ${part.look ?? part.id}` }, [
    h("span", null, part.name),
    amount(charge ? percent(soc) : part.value),
    h("span", null, charge ? `${arrow}${part.value}` : part.note),
  ]);
}
