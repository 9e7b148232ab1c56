// What the tab Day draws: rows of what was and of what is planned, and the picture they make.

import { unitOf } from "./chart_parts.js";
import { dateAt, dayBounds, hourTicks } from "./time.js";
import { clock, date as dateText, energy, NOTHING, number, percent, t, title, watts } from "./words.js";

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

/** Prices as a row of quarter hours from `fromMs`; null where nobody knows. */
export function priceRow(prices, fromMs, toMs, name = "import_per_kwh") {
  const spans = prices.map((one) => [Date.parse(one.from_at), Date.parse(one.to_at), one[name]]), values = [];
  for (let at = fromMs; at < toMs; at += QUARTER_MS) values.push(spans.find(([from, to]) => from <= at && at < to)?.[2] ?? null);
  return { start: fromMs, step: QUARTER_MS, values };
}

/** What tomorrow's sun may be if it is as far off as the last days were: what is expected, more and less by that share. */
function bandOf(sun, error) {
  if (!sun || !error || !seen(sun)) return [];
  const low = (1 - error.share) / (1 + error.share), of = (part) => sun.values.map((value) => (value == null ? null : value * part));
  const both = (text) => (value) => (value == null ? NOTHING : `${text(value * low)} – ${text(value)}`), high = { ...sun, values: of(1 + error.share) };
  return [{
    ...high, floor: of(1 - error.share), low, kind: "area", hue: "solar", pale: true, format: both(watts), total: both(energy)(energyOf(high.values, high.step / 1000)),
    name: t("day.band", { percent: percent(100 * error.share) }),
  }];
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
export function pictureOf({ date, longDate, data, prices = [], status, wide }) {
  const zone = status.site.timezone, [from, to] = dayBounds(date, zone), { plan } = status, nowMs = Date.parse(status.now), today = dateAt(nowMs, zone);
  const fineMs = (wide ? 5 : 10) * MINUTE_MS, stepMs = (data?.rows.step_s ?? 60) * 1000, startMs = data ? Date.parse(data.rows.t0) : from;
  const was = (name, part = (value) => value) => {
    const raw = { start: startMs, step: stepMs, values: (data?.rows.series[name] ?? []).map((value) => (value == null ? null : part(value))) };
    return { ...coarser(raw, Math.max(1, Math.round(fineMs / stepMs))), raw };
  };
  const will = (values) => (plan && values ? within(Date.parse(plan.start_at), plan.step_s * 1000, values, Math.max(from, nowMs - QUARTER_MS), to) : undefined);
  const names = [...new Set([...(data?.loads ?? []), ...Object.keys(plan?.loads_w ?? {})])];
  const line = { kind: "line", format: watts }, area = { kind: "area", format: watts }, charge = { kind: "line", right: true, format: percent, total: chargeOf };
  const power = [...bandOf(date > today ? will(plan?.sun_w) : null, plan?.sun_error), ...series([
    { ...area, was: was("pv_possible_w"), name: t("day.possible"), hue: "solar", pale: true },
    ...names.map((name, i) => ({
      ...area, was: was(`load:${name}:power_w`), will: will(plan?.loads_w?.[name]), name: title(name), hue: `load${i % 6}`, steps: true, stack: "loads", hatch: i % 5,
      ahead: { stack: "planned", hatch: 1 + (i % 4), pale: true },
    })),
    { ...line, was: was("house_w"), will: will(plan?.house_w), name: t("day.house"), hue: "house", ahead: { dash: "b" } },
    { ...line, was: was("pv_w"), will: will(plan?.sun_w), name: t(date > today ? "day.forecast" : "day.solar"), hue: "solar", ahead: { dash: "b" } },
    { ...charge, was: was("battery_soc_percent"), will: will(plan?.battery_percent), name: t("day.battery"), hue: "battery", ahead: { dash: "a", inside: 0 } },
  ])];
  const panels = [{ height: 216, series: power, least: 1000, unit: unitOf, right: power.some((one) => one.right) ? { from: 0, to: 100, hue: "battery", unit: percent } : null }];
  const bought = will(plan?.bought_w), grid = series([
    { ...area, was: was("grid_w", (value) => Math.max(0, value)), will: bought?.values.some((value) => value > 0) ? bought : undefined, name: t("day.import"), hue: "import", steps: true, ahead: { hatch: 1, pale: true } },
    { ...area, was: was("grid_w", (value) => Math.max(0, -value)), name: t("day.export"), hue: "export", steps: true, hatch: 2, below: true },
  ]);
  const used = grid.some((one) => one.values.some((value) => value > 10));
  if (grid.length) panels.push({ height: used ? 84 : 36, series: grid, least: 500, unit: unitOf, title: t("flow.grid") });
  const price = priceRow(prices, from, to);
  if (seen(price)) {
    const money = (value) => number(value, 2), look = { kind: "line", steps: true, hue: "text", unit: "per kWh", format: (value) => number(value, 3), total: "" };
    panels.push({ height: 56, least: 0.1, unit: money, title: t("day.price"), series: [{ ...price, ...look, name: t("day.price") }] });
  }
  const parts = panels.flatMap((panel) => panel.series).filter((one) => !one.silent && one.total).map((one) => `${one.name} ${one.total}`);
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
