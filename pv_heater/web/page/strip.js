// The day at a glance: what the sun gave and could give, the battery, and when it heats; behind now the plan.

import { h } from "./render.js";
import { clock, t } from "./words.js";

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
    .catch(() => {
      past = null;
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
  const topW = Math.max(500, status.site.pv_peak_w ? status.site.pv_peak_w * 0.5 : 0, ...sun.map((p) => p[1]), ...used.map((p) => p[1]));
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
