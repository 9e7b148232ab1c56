// The two pictures of the first screen: where power comes from and goes to, and the day at a glance.

import { h } from "./render.js";
import { clock, degrees, percent, t, watts } from "./words.js";

const RADIUS = 45;
const HUB = [183, 140];
const PLACES = { solar: [183, 49], battery: [49, 140], grid: [317, 140], house: [108, 229], loads: [258, 229] };
const STILL_W = 20;
const SPOKEN_EVERY_MS = 10000;
let spoken = "";
let spokenMs = -Infinity;

// Rings are gauges: charge of the battery, share of the possible sun, share of the loads' full power.
export function flow(status, onDetails) {
  const parts = described(status);
  if (performance.now() - spokenMs > SPOKEN_EVERY_MS || !spoken) {
    spoken = parts.map((part) => [part.name, part.value, part.note].filter(Boolean).join(" ")).join(", ");
    spokenMs = performance.now();
  }
  return h("svg", { class: "flow", viewBox: "0 0 366 278", role: "img", "aria-label": spoken, onclick: onDetails }, [
    ...parts.map(wire),
    h("circle", { key: "hub", class: "hub", cx: HUB[0], cy: HUB[1], r: 5 }),
    ...parts.map(circle),
  ]);
}

// What each circle says: its watts towards the hub (`into_w`), the share that its ring shows, and a few words. A home
// without battery, grid or loads has no circle for them.
export function described({ flows, flags, loads, site }) {
  const fullW = loads.reduce((sum, load) => sum + load.max_power_w, 0);
  const warm = loads.find((load) => load.temperature_c != null);
  const possibleW = flows.pv_possible_w;
  const held = possibleW != null && flows.pv_w != null && possibleW > flows.pv_w * 1.03 + 50;
  const topW = possibleW || site.pv_peak_w;
  const noBattery = site.has_battery === false && flows.battery_w == null && flows.battery_soc_percent == null;
  const without = [noBattery && "battery", site.off_grid && flows.grid_w == null && "grid", !loads.length && "loads"];
  const parts = [
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
  return parts.filter((part) => !without.includes(part.id));
}

const negative = (value) => (value == null ? null : -value);

function charge({ battery_w: batteryW, battery_soc_percent: soc }) {
  if (soc == null) return "";
  const arrow = batteryW > STILL_W ? "↑ " : batteryW < -STILL_W ? "↓ " : "";
  return `${arrow}${percent(soc)}`;
}

function wire(part) {
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
  const share = part.share == null ? (part.into_w == null ? 0 : 100) : Math.max(0, Math.min(1, part.share)) * 100;
  const y = part.note ? cy : cy + 5;
  return h("g", { key: `circle ${part.id}`, class: `node ${part.look ?? part.id}` }, [
    h("circle", { class: "track", cx, cy, r: RADIUS }),
    share > 0.5 && h("circle", {
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

// The day: what the sun gave and could give, the battery, and when it heats; behind now the plan.

const [WIDTH, TOP, BASE, ROW] = [342, 6, 62, 72];
const DAY_MS = 86_400_000;
const STEP_MS = 900_000;
const ASKED_EVERY_MS = 60_000;

let past = null;
let askedMs = -Infinity;
let askedDay = "";

// Midnight at home: `at` less what its clock shows.
export function dayStart(app, at) {
  const [hours, minutes] = clock(at).split(":").map(Number);
  const start = Math.floor(at / 60_000) * 60_000 - (hours * 60 + minutes) * 60_000;
  const off = clock(start);
  if (off === "00:00") return start;
  return off.startsWith("2") ? start + 3_600_000 : start - 3_600_000;
}

// Asks for what was, at most once a minute; a home that keeps no history has only its plan.
export function refresh(app, status) {
  const now = Date.parse(status.now);
  const start = dayStart(app, now);
  const stepped = past && now - past.until > STEP_MS;
  if (performance.now() - askedMs < (stepped ? 5000 : ASKED_EVERY_MS) && askedDay === start) return;
  askedMs = performance.now();
  askedDay = start;
  const loads = status.loads.map((load) => `load:${load.name}:power_w`);
  const names = ["pv_w", "pv_possible_w", "battery_soc_percent", ...loads];
  const iso = (ms) => new Date(ms).toISOString();
  app
    .get(`history?from=${iso(start)}&to=${iso(start + DAY_MS)}&step=900&series=${names.map(encodeURIComponent).join(",")}`)
    .then((answer) => {
      past = { t0: Date.parse(answer.t0), stepMs: answer.step_s * 1000, series: answer.series, until: now };
      app.draw();
    })
    .catch((error) => {
      past = null;
      if (error.status === 404) askedMs = Infinity;
    });
}

export function strip(app, status) {
  const now = Date.parse(status.now);
  const start = dayStart(app, now);
  const x = (at) => ((at - start) / DAY_MS) * WIDTH;
  const planned = ahead(status.plan, now);
  const was = (name) => points(past?.series[name], past?.t0, past?.stepMs, start, now);
  const sun = [...(was("pv_possible_w").length ? was("pv_possible_w") : was("pv_w")), ...planned("sun_w")];
  const used = was("pv_w");
  const topW = Math.max(500, (status.site.pv_peak_w ?? 0) / 2, ...sun.map((p) => p[1]), ...used.map((p) => p[1]));
  const y = (w) => BASE - (w / topW) * (BASE - TOP);
  const level = (percentage) => BASE - (percentage / 100) * (BASE - TOP);
  const path = (list, scale) => (list.length < 2 ? "" : `M${list.map(([at, value]) => `${x(at).toFixed(1)} ${scale(value).toFixed(1)}`).join("L")}`);
  const inDay = (list) => list.filter(([at]) => at >= start && at <= start + DAY_MS);
  const area = inDay(sun);
  const areaPath = area.length > 1 ? `${path(area, y)}L${x(area.at(-1)[0]).toFixed(1)} ${BASE}L${x(area[0][0]).toFixed(1)} ${BASE}Z` : "";
  const soc = was("battery_soc_percent");
  const heats = status.loads.flatMap((load) => [
    ...blocks(was(`load:${load.name}:power_w`), "done"),
    ...blocks(inDay(planned.load(load.name)), "planned"),
  ]);
  return h("svg", { class: "strip", viewBox: `0 0 ${WIDTH} 94`, role: "img", "aria-label": t("strip.label") }, [
    h("path", { key: "possible", class: "possible", d: areaPath }),
    h("path", { key: "used", class: "used", d: path(used, y) }),
    h("path", { key: "soc", class: "soc", d: path(soc, level) }),
    h("path", { key: "soc plan", class: "soc planned", d: path(inDay(planned("battery_percent")), level) }),
    h("line", { key: "base", class: "base", x1: 0, x2: WIDTH, y1: BASE, y2: BASE }),
    heats.map(([from, to, kind], index) =>
      h("rect", { key: `heat ${index}`, class: `heat ${kind}`, x: x(from).toFixed(1), y: ROW - 4, width: Math.max(2, x(to) - x(from)).toFixed(1), height: 7, rx: 3.5 }),
    ),
    h("line", { key: "now", class: "now", x1: x(now).toFixed(1), x2: x(now).toFixed(1), y1: 2, y2: ROW + 4 }),
    [0, 6, 12, 18, 24].map((hour) =>
      h("text", { key: `hour ${hour}`, x: (hour / 24) * WIDTH, y: 91, "text-anchor": hour === 0 ? "start" : hour === 24 ? "end" : "middle" }, String(hour).padStart(2, "0")),
    ),
  ]);
}

function points(values, t0, stepMs, start, now) {
  const list = [];
  values?.forEach((value, index) => {
    const at = t0 + index * stepMs + stepMs / 2;
    if (value != null && at >= start && at <= now + stepMs) list.push([at, value]);
  });
  return list;
}

// The plan's series from now on, as points.
function ahead(plan, now) {
  const start = plan ? Date.parse(plan.start_at) : 0;
  const list = (values) =>
    (values ?? []).map((value, index) => [start + index * plan.step_s * 1000, value]).filter(([at, value]) => value != null && at >= now - plan.step_s * 1000);
  const named = (name) => list(plan?.[name]);
  named.load = (name) => list(plan?.loads_w?.[name]);
  return named;
}

// Stretches in which a load heats, from its power by quarter hours.
function blocks(list, kind) {
  const found = [];
  for (const [at, power] of list) {
    if (power < 15) continue;
    const from = kind === "done" ? at - STEP_MS / 2 : at;
    const last = found.at(-1);
    if (last && from - last[1] < 1000) last[1] = from + STEP_MS;
    else found.push([from, from + STEP_MS, kind]);
  }
  return found;
}
