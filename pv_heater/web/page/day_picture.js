// What the tab Day draws: rows of what was and of what is planned, and the picture they make.

import { unitOf } from "./chart_parts.js";
import { dateAt, dayBounds, hourTicks } from "./time.js";
import { clock, date as dateText, energy, number, percent, t, title, watts } from "./words.js";

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;

/** Wh of watts that each count for `stepS`; null when there is not one value. */
export function energyOf(values, stepS) {
  const there = values.filter((value) => value != null);
  return there.length ? (there.reduce((sum, value) => sum + value, 0) * stepS) / 3600 : null;
}

/** The values of [fromMs, toMs) of a plan or a history, or an empty row: {start, step, values}. */
export function within(startMs, stepMs, values, fromMs, toMs) {
  const first = Math.max(0, Math.ceil((fromMs - startMs) / stepMs)), last = Math.floor((toMs - startMs) / stepMs);
  return { start: startMs + first * stepMs, step: stepMs, values: (values ?? []).slice(first, Math.max(first, last)) };
}

/** A row with one value where there were `count`: the mean of those that are there. A row far too fine for its picture is a hedge. */
export function coarser({ start, step, values }, count) {
  const means = [];
  for (let i = 0; i < values.length; i += count) {
    const there = values.slice(i, i + count).filter((value) => value != null);
    means.push(there.length ? there.reduce((sum, value) => sum + value, 0) / there.length : null);
  }
  return { start, step: step * count, values: means };
}

/** Spans of steps with power: [{from, to, wh}]. */
export function windows({ start, step, values }) {
  const found = [];
  values.forEach((value, i) => {
    if (!(value > 0)) return;
    const from = start + i * step, wh = (value * step) / 3_600_000, last = found.at(-1);
    if (last?.to === from) (last.to = from + step), (last.wh += wh);
    else found.push({ from, to: from + step, wh });
  });
  return found;
}

/** The shape of a mark for a change of phase. */
export function shapeOf({ from_phase: from, to_phase: to }) {
  if (to === "fault") return "fault";
  if (to === "heating" && from !== "heating") return "up";
  return from === "heating" && to !== "heating" ? "down" : "dot";
}

/** Means over a quarter hour of all that a picture shows: its {columns}, and {rows} of [at, value, ...]. */
export function quarters(spec) {
  const columns = spec.panels.flatMap((panel) => panel.series).filter((one) => !one.silent), rows = [];
  const mean = (one, at) => {
    if (!one) return null;
    const { start, step, values } = one.raw ?? one;
    return coarser(within(start, step, values, at, at + QUARTER_MS), Infinity).values[0] ?? mean(one.also, at);
  };
  for (let at = spec.x.from; at < spec.x.to; at += QUARTER_MS) {
    const values = columns.map((one) => mean(one, at));
    if (values.some((value) => value != null)) rows.push([at, ...values]);
  }
  return { columns, rows };
}

const seen = (row) => row.values.some((value) => value != null);
const totalOf = (row) => energy(energyOf(row.values, row.step / 1000));

function chargeOf({ values }) {
  const there = values.filter((value) => value != null);
  return `${number(Math.min(...there))} – ${percent(Math.max(...there))}`;
}

/** Series of a panel: what was, and what is planned to follow in the same row of the legend. */
function series(parts) {
  return parts.flatMap(({ was, will, ahead, total = totalOf, ...look }) => {
    const next = will && seen(will) && { ...will, ...look, ...ahead, total: total(will), silent: was !== undefined && seen(was) };
    const past = was && seen(was) && { ...was, ...look, total: total(was.raw), also: next || null };
    return [past, next].filter(Boolean);
  });
}

/** The picture of a date. `data`: {rows, changes, loads} of /history and /transitions, null for days to come; `wide`: there is room for detail. */
export function pictureOf({ date, longDate, data, status, wide }) {
  const zone = status.site.timezone, [from, to] = dayBounds(date, zone), { plan } = status, nowMs = Date.parse(status.now), today = dateAt(nowMs, zone);
  const fineMs = (wide ? 5 : 10) * MINUTE_MS, stepMs = (data?.rows.step_s ?? 60) * 1000, startMs = data ? Date.parse(data.rows.t0) : from;
  const was = (name, part = (value) => value) => {
    const raw = { start: startMs, step: stepMs, values: (data?.rows.series[name] ?? []).map((value) => (value == null ? null : part(value))) };
    return { ...coarser(raw, Math.max(1, Math.round(fineMs / stepMs))), raw };
  };
  const will = (values) => (plan && values ? within(Date.parse(plan.start_at), plan.step_s * 1000, values, Math.max(from, nowMs - QUARTER_MS), to) : undefined);
  const names = [...new Set([...(data?.loads ?? []), ...Object.keys(plan?.loads_w ?? {})])];
  const line = { kind: "line", format: watts }, area = { kind: "area", format: watts }, charge = { kind: "line", right: true, format: percent, total: chargeOf };
  const power = series([
    { ...area, was: was("pv_possible_w"), name: t("day.possible"), hue: "solar", pale: true },
    ...names.map((name, i) => ({
      ...area, was: was(`load:${name}:power_w`), will: will(plan?.loads_w?.[name]), name: title(name), hue: `load${i % 6}`, steps: true, stack: "loads", hatch: i % 5,
      ahead: { stack: "planned", hatch: 1 + (i % 4), pale: true },
    })),
    { ...line, was: was("house_w"), will: will(plan?.house_w), name: t("day.house"), hue: "house", ahead: { dash: "b" } },
    { ...line, was: was("pv_w"), will: will(plan?.sun_w), name: t(date > today ? "day.forecast" : "day.solar"), hue: "solar", ahead: { dash: "b" } },
    { ...charge, was: was("battery_soc_percent"), will: will(plan?.battery_percent), name: t("day.battery"), hue: "battery", ahead: { dash: "a", inside: 0 } },
  ]);
  const panels = [{ height: 216, series: power, least: 1000, unit: unitOf, right: power.some((one) => one.right) ? { from: 0, to: 100, hue: "battery", unit: percent } : null }];
  const bought = will(plan?.bought_w), grid = series([
    { ...area, was: was("grid_w", (value) => Math.max(0, value)), will: bought?.values.some((value) => value > 0) ? bought : undefined, name: t("day.import"), hue: "import", steps: true, ahead: { hatch: 1, pale: true } },
    { ...area, was: was("grid_w", (value) => Math.max(0, -value)), name: t("day.export"), hue: "export", steps: true, hatch: 2, below: true },
  ]);
  const used = grid.some((one) => one.values.some((value) => value > 10));
  if (grid.length) panels.push({ height: used ? 84 : 36, series: grid, least: 500, unit: unitOf, title: t("day.grid") });
  const parts = panels.flatMap((panel) => panel.series).filter((one) => !one.silent).map((one) => `${one.name} ${one.total}`);
  const changed = to - from !== 24 * 60 * MINUTE_MS, timeOf = (at) => (changed ? dateText(at, { hour: "2-digit", minute: "2-digit", timeZoneName: "short" }) : clock(at));
  return {
    panels, now: nowMs, say: t("chart.cursor"),
    label: t("day.picture", { date: longDate, parts: parts.join(", ") || t("day.nothing") }),
    rest: t(date < today ? "day.whole" : date === today ? "day.so_far" : "day.expected.all"),
    x: {
      from, to, step: fineMs, leap: 60 * MINUTE_MS,
      ticks: hourTicks(date, zone, wide ? 2 : 3).map(({ at, hour }) => ({ at, text: String(hour).padStart(2, "0") })),
      format: (at) => (at > nowMs ? `${timeOf(at)}, ${t("day.expected")}` : timeOf(at)),
    },
    marks: (data?.changes ?? []).map((change) => ({ at: Date.parse(change.at), shape: shapeOf(change), hue: `load${Math.max(0, names.indexOf(change.load)) % 6}` })),
  };
}
