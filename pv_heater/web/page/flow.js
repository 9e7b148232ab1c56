// The picture of where power comes from and goes to. Rings are gauges: charge, share of the possible, share of full power.

import { h } from "./render.js";
import { degrees, percent, t, watts } from "./words.js";

const RADIUS = 43;
const HUB = [183, 138];
const PLACES = { solar: [183, 48], battery: [48, 138], grid: [318, 138], house: [110, 226], loads: [256, 226] };
const STILL_W = 20;
const SPOKEN_EVERY_MS = 10000;
let spoken = "";
let spokenMs = -Infinity;

export function flow(status, onDetails) {
  const parts = described(status);
  if (performance.now() - spokenMs > SPOKEN_EVERY_MS || !spoken) {
    spoken = parts.map((part) => [part.name, part.value, part.note].filter(Boolean).join(" ")).join(", ");
    spokenMs = performance.now();
  }
  return h("svg", { class: "flow", viewBox: "0 0 366 274", role: "img", "aria-label": spoken, onclick: onDetails }, [
    ...parts.map(line),
    h("circle", { key: "hub", class: "hub", cx: HUB[0], cy: HUB[1], r: 5 }),
    ...parts.map(circle),
  ]);
}

// What each circle says: its watts towards the hub (`into_w`), the share that its ring shows, and a few words.
export function described({ flows, flags, loads, site }) {
  const fullW = loads.reduce((sum, load) => sum + load.max_power_w, 0);
  const warm = loads.find((load) => load.temperature_c != null);
  const possibleW = flows.pv_possible_w;
  const held = possibleW != null && flows.pv_w != null && possibleW > flows.pv_w * 1.03 + 50;
  const topW = possibleW ?? site.pv_peak_w;
  return [
    {
      id: "solar",
      name: t("flow.solar"),
      value: watts(flows.pv_w),
      into_w: flows.pv_w,
      share: topW ? (flows.pv_w ?? 0) / topW : null,
      note: flags.pv_throttled ? t("flow.throttled") : held ? t("flow.of_possible", { power: watts(possibleW) }) : "",
      hatched: flags.pv_throttled,
    },
    {
      id: "battery",
      name: t("flow.battery"),
      value: watts(flows.battery_w == null ? null : Math.abs(flows.battery_w)),
      into_w: flows.battery_w == null ? null : -flows.battery_w,
      share: flows.battery_soc_percent == null ? null : flows.battery_soc_percent / 100,
      note: charge(flows),
    },
    {
      id: "grid",
      name: t("flow.grid"),
      value: watts(flows.grid_w == null ? null : Math.abs(flows.grid_w)),
      into_w: flows.grid_w,
      share: null,
      look: flows.grid_w > 0 ? "import" : "export",
      note: flags.grid_connected === false ? t("flow.no_grid") : !flows.grid_w ? "" : t(flows.grid_w > 0 ? "flow.in" : "flow.out"),
    },
    { id: "house", name: t("flow.house"), value: watts(flows.house_w), into_w: negative(flows.house_w), share: null, note: "" },
    {
      id: "loads",
      name: t("flow.loads"),
      value: watts(flows.loads_w),
      into_w: negative(flows.loads_w),
      share: fullW ? (flows.loads_w ?? 0) / fullW : null,
      note: warm ? degrees(warm.temperature_c) : "",
    },
  ];
}

const negative = (value) => (value == null ? null : -value);

function charge({ battery_w: batteryW, battery_soc_percent: soc }) {
  if (soc == null) return "";
  const arrow = batteryW > STILL_W ? "↑ " : batteryW < -STILL_W ? "↓ " : "";
  return `${arrow}${percent(soc)}`;
}

function line(part) {
  const [x, y] = PLACES[part.id];
  const [dx, dy] = [x - HUB[0], y - HUB[1]];
  const length = Math.hypot(dx, dy);
  const [ux, uy] = [dx / length, dy / length];
  const [from, to] = [8, length - RADIUS - 4];
  const still = part.into_w == null || Math.abs(part.into_w) < STILL_W;
  const width = still ? 2 : Math.min(9, 2 + Math.abs(part.into_w) / 600);
  const at = (distance) => [HUB[0] + ux * distance, HUB[1] + uy * distance];
  const [[x1, y1], [x2, y2]] = [at(from), at(to)];
  return h("g", { key: `line ${part.id}`, class: `line ${part.look ?? part.id}${still ? " still" : ""}` }, [
    h("line", { x1, y1, x2, y2, "stroke-width": width.toFixed(1) }),
    !still && h("path", { class: "arrow", d: arrow(at((from + to) / 2), part.into_w > 0 ? [-ux, -uy] : [ux, uy], width) }),
  ]);
}

function arrow([x, y], [ux, uy], width) {
  const size = width / 2 + 5;
  const point = (along, across) => `${(x + ux * along - uy * across).toFixed(1)} ${(y + uy * along + ux * across).toFixed(1)}`;
  return `M${point(size, 0)} ${point(-size * 0.7, size)} ${point(-size * 0.7, -size)}Z`;
}

function circle(part) {
  const [cx, cy] = PLACES[part.id];
  const whole = part.share == null;
  const share = whole ? 100 : Math.max(0, Math.min(1, part.share)) * 100;
  const y = part.note ? cy : cy + 5;
  return h("g", { key: `circle ${part.id}`, class: `node ${part.look ?? part.id}` }, [
    h("circle", { class: "track", cx, cy, r: RADIUS }),
    h("circle", {
      key: "gauge",
      class: part.hatched ? "gauge hatched" : "gauge",
      cx,
      cy,
      r: RADIUS,
      pathLength: 100,
      "stroke-dasharray": part.hatched ? "1.4 1.1" : `${share.toFixed(1)} 100`,
      transform: `rotate(-90 ${cx} ${cy})`,
    }),
    h("text", { key: "name", class: "name", x: cx, y: y - 15 }, part.name),
    h("text", { key: "value", class: "value", x: cx, y: y + 6 }, part.value),
    part.note && h("text", { key: "note", class: "note", x: cx, y: y + 23 }, part.note),
  ]);
}
