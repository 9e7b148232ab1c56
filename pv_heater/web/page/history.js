// The tab History: what days, weeks, months and years came to, and the same time a year before.

import { get } from "./api.js";
import { chart } from "./chart.js";
import { csvOf, dataTable, factNode, problemNode, saveButton, unitOf } from "./chart_parts.js";
import { before, lossesOf, plus, spanOf, sumOf, sumsOf, tableOfDays } from "./history_sums.js";
import { dayOf, heatedBy, hygiene } from "./load.js";
import { h, render } from "./render.js";
import { addDays, addPeriods, dateAt, periodStart, periods } from "./time.js";
import { colon, date as dateText, degrees, energy, lostName, number, percent, t, title } from "./words.js";

const UNITS = ["day", "week", "month", "year"];
const LEAST_YEARS = 3;
export function open(root, app) {
  const state = { unit: null, date: null, data: null, error: null, busy: false, picked: -1, table: false, cycles: {} };
  const charts = new Map();
  let asked = 0;
  const status = () => app.status();
  const today = () => dateAt(Date.parse(status().now), status().site.timezone);
  const text = (date, options) => dateText(Date.parse(`${date}T12:00:00Z`), { timeZone: "UTC", ...options });

  async function load() {
    const mine = ++asked, { unit, date } = state, span = spanOf(unit, date), starts = periods(span.from, span.to, unit);
    Object.assign(state, { data: null, error: null, busy: true, picked: -1 });
    show();
    const fetched = (from, to) => get(`days?from=${from}&to=${addDays(to, -1)}`);
    try {
      const old = starts.map((start) => before(start, unit)), end = addPeriods(starts.at(-1), unit, 1);
      const asks = [fetched(span.from, end), unit === "year" ? [] : fetched(old[0], addPeriods(old.at(-1), unit, 1))];
      const [days, earlier] = await Promise.all(asks);
      if (mine !== asked) return;
      if (unit === "year") while (starts.length > LEAST_YEARS && !days.some((day) => day.date < starts[1])) starts.shift();
      const until = end > today() ? before(today(), unit) : "9999";
      const sums = sumsOf(days, starts, unit), past = sumsOf(earlier, old, unit), fair = earlier.filter((day) => day.date <= until);
      state.data = { span, starts, days, sums, past, whole: sumOf(days), then: fair.length ? sumOf(fair) : null };
    } catch (error) {
      if (mine !== asked) return;
      state.error = error;
    }
    state.busy = false;
    show();
  }

  function nameOf(start, short) {
    if (state.unit === "day") return text(start, short ? { day: "numeric" } : { weekday: "long", day: "numeric", month: "long" });
    if (state.unit === "month") return text(start, short ? { month: "narrow" } : { month: "long", year: "numeric" });
    if (state.unit === "year") return start.slice(0, 4);
    return short ? text(addDays(start, 6), { month: "short" }) : t("history.week_of", { from: text(start, { day: "numeric", month: "short" }), to: text(addDays(start, 6), { day: "numeric", month: "short", year: "numeric" }) });
  }

  const spanName = () => {
    const { unit, date } = state;
    if (unit === "day") return text(date, { month: "long", year: "numeric" });
    return unit === "year" ? `${(state.data?.starts[0] ?? spanOf(unit, date).from).slice(0, 4)} – ${date.slice(0, 4)}` : date.slice(0, 4);
  };

  const axis = () => {
    const { starts } = state.data, count = starts.length;
    const every = state.unit === "day" ? (start) => ["01", "10", "20"].includes(start.slice(8)) : (start, i) => state.unit !== "week" || i === 0 || addDays(start, 6).slice(8) <= "07";
    const shown = starts.map((start, i) => ({ at: i + 0.5, text: nameOf(start, true), start, i })).filter(({ start, i }) => every(start, i));
    return { from: 0, to: count, step: 1, leap: 7, middle: (at) => Math.floor(at) + 0.5, ticks: shown, format: (at) => nameOf(starts[Math.floor(at)], false) };
  };

  const base = { kind: "bar", start: 0, step: 1, format: energy };
  const withTotal = (one) => ({ ...one, total: energy(one.values.reduce(plus, null)) });
  const wattHours = (value, isTop, range) => unitOf(value, isTop, range, "h");

  function specOf() {
    const { sums, past, then } = state.data, of = (name, list = sums) => list.map((sum) => sum?.[name] ?? null);
    const series = [
      { ...base, name: t("history.caught"), hue: "sun", stack: "sun", values: of("caught_wh") },
      ...lossesOf(sums).map(({ cause, values }, i) => ({ ...base, name: t("today.row.lost", { cause: lossName(cause) }), hue: "muted", stack: "sun", hatch: 1 + i, values })),
      { ...base, name: t("history.bought"), hue: "import", stack: "other", below: true, values: of("bought_wh") },
      { ...base, name: t("history.drain"), hue: "battery", stack: "other", below: true, hatch: 2, values: of("battery_drain_wh") },
    ].filter((one) => one.values.some((value) => value)).map(withTotal);
    if (then) series.push({ ...withTotal({ ...base, values: of("caught_wh", past) }), kind: "level", name: t("history.before"), hue: "text", total: energy(then.caught_wh) });
    const label = t("history.picture", { span: spanName(), parts: series.map((one) => `${one.name} ${one.total}`).join(", ") });
    return { label, say: t("chart.pick"), rest: t("history.all", { span: spanName() }), x: axis(), panels: [{ height: 220, least: 1000, unit: wattHours, series }], onPick: pick };
  }

  function loadSpec(name, i) {
    const { sums } = state.data, of = (what) => sums.map((sum) => sum?.loads[name]?.[what] ?? null), sun = of("sun_wh");
    const rest = of("energy_wh").map((wh, at) => (wh == null ? null : Math.max(0, wh - (sun[at] ?? 0))));
    const series = [
      { ...base, name: t("history.share"), hue: `load${i % 6}`, stack: "all", values: sun },
      { ...base, name: t("history.other"), hue: "import", hatch: 1, stack: "all", values: rest },
    ].map(withTotal);
    const label = t("history.picture", { span: `${title(name)}, ${spanName()}`, parts: series.map((one) => `${one.name} ${one.total}`).join(", ") });
    return { label, say: t("chart.pick"), rest: t("history.all", { span: spanName() }), x: axis(), panels: [{ height: 84, least: 1000, unit: wattHours, series }], onPick: pick };
  }

  const lossName = (cause) => (cause == null ? t("history.lost.rest") : lostName(cause));
  const share = (part, whole) => (whole > 0 && part != null ? percent((100 * part) / whole) : "");
  const pick = (at) => { state.picked = at == null ? -1 : Math.floor(at); show(); };

  function picked() {
    const start = state.data.starts[state.picked];
    if (!state.data.sums[state.picked]) return null;
    const target = { day: `day/${start}`, week: `history/day/${start}`, month: `history/day/${start}`, year: `history/month/${start}` }[state.unit];
    return h("button", { key: "open", type: "button", class: "button", onclick: () => app.go(target) }, t("history.open", { name: nameOf(start, false) }));
  }

  function facts() {
    const { whole, then } = state.data, lost = Object.values(whole.lost_wh).reduce(plus, null);
    const loads = Object.values(whole.loads), used = loads.reduce((sum, one) => plus(sum, one.energy_wh), null), sun = loads.reduce((sum, one) => plus(sum, one.sun_wh), null);
    const change = then?.caught_wh > 0 && whole.caught_wh != null ? Math.round(100 * (whole.caught_wh / then.caught_wh - 1)) : null;
    return [
      h("div", { key: "facts", class: "chart-facts" },
        factNode(t("history.caught"), energy(whole.caught_wh), whole.possible_wh > 0 && t("day.fact.share", { share: share(whole.caught_wh, whole.possible_wh), possible: energy(whole.possible_wh) })),
        factNode(t("day.fact.lost"), energy(lost)),
        factNode(t("history.bought"), energy(whole.bought_wh)),
        share(sun, used) ? factNode(t("history.share"), share(sun, used), t("history.share.of", { energy: energy(used) })) : null,
        whole.saved_money == null ? null : factNode(t("money.saved"), number(whole.saved_money, 2), t("money.paid", { money: number(whole.bought_money, 2) }))),
      whole.saved_money == null ? null : h("p", { key: "assumed", class: "muted" }, t("money.assumed")),
      whole.account && h("p", { key: "account", class: "muted" }, t("account.of", { caught: energy(whole.account.caught), possible: energy(whole.account.possible) }), " ", t("account.against")),
      h("p", { key: "then", class: "muted" }, state.unit === "year" ? null : change == null ? t("history.then.none")
        : t(change < 0 ? "history.then.less" : "history.then.more", { percent: percent(Math.abs(change)), energy: energy(then.caught_wh) })),
    ];
  }

  function loadCard(name, i) {
    const sum = state.data.whole.loads[name];
    return h("section", { key: `load ${name}`, class: "card" },
      h("h3", null, title(name)),
      h("div", { class: "chart-facts three" },
        factNode(t("history.energy"), energy(sum.energy_wh)),
        factNode(t("history.share"), share(sum.sun_wh, sum.energy_wh) || energy(sum.sun_wh)),
        factNode(t("history.starts"), number(sum.starts))),
      ledger(name),
      h("div", { key: "picture", class: "chart-host", "data-chart": `load ${name}`, foreign: true }));
  }

  // When its tank was hot enough against legionella, and by what.
  function ledger(name) {
    const record = status().loads.find((one) => one.name === name)?.tank?.hygiene_record, list = state.cycles[name];
    const read = async ({ target }) => {
      if (!target.open || list) return;
      const { load } = await get(`loads/${encodeURIComponent(name)}`);
      state.cycles[name] = load.tank.hygiene_record.cycles;
      show();
    };
    const rows = () => [...list].reverse().map((one) => [dayOf(one.date), heatedBy(one), degrees(one.warmest_c)]);
    return record && [
      h("p", { key: "hygiene", class: "muted" }, `${t("load.hygiene")}${colon()}${hygiene(record)}`),
      record.cycles.length ? h("details", { key: "cycles", class: "fold", ontoggle: read }, h("summary", null, t("hygiene.all")),
        list && dataTable(t("hygiene.all"), [t("history.day"), t("hygiene.by"), t("hygiene.warmest")], rows(), "words")) : null,
    ];
  }

  function table() {
    const { starts, sums, whole } = state.data, causes = Object.keys(whole.lost_wh), loads = Object.keys(whole.loads);
    const head = [t(`history.${state.unit}`), t("history.caught"), ...causes.map((cause) => t("today.row.lost", { cause: lossName(cause) })), t("history.bought"), t("history.drain"),
      ...loads.flatMap((name) => [title(name), `${title(name)}, ${t("history.share")}`, `${title(name)}, ${t("history.starts")}`])];
    const rows = starts.map((start, i) => [start, sums[i]]).filter(([, sum]) => sum).map(([start, sum]) => [
      nameOf(start, false), energy(sum.caught_wh), ...causes.map((cause) => energy(sum.lost_wh[cause])), energy(sum.bought_wh), energy(sum.battery_drain_wh),
      ...loads.flatMap((name) => [energy(sum.loads[name]?.energy_wh), energy(sum.loads[name]?.sun_wh), number(sum.loads[name]?.starts)])]);
    return dataTable(spanName(), head, rows);
  }

  function bars() {
    const { leap } = spanOf(state.unit, state.date), hash = (unit, date) => `history/${unit}/${date}`;
    const move = (by) => () => app.go(hash(state.unit, addPeriods(periodStart(state.date, leap), leap, by)));
    const last = !leap || addPeriods(periodStart(state.date, leap), leap, 1) > today();
    return [
      h("div", { key: "units", class: "seg", role: "group", "aria-label": t("history.by") },
        UNITS.map((unit) => h("button", { key: unit, type: "button", "aria-pressed": String(unit === state.unit), onclick: () => app.go(hash(unit, state.date)) }, t(`history.${unit}`)))),
      h("div", { key: "span", class: "chart-row" },
        leap ? h("button", { key: "back", type: "button", class: "button", "aria-label": t("day.earlier"), onclick: move(-1) }, "‹") : null,
        h("h3", { key: "name" }, spanName()),
        leap ? h("button", { key: "on", type: "button", class: "button", "aria-label": t("day.later"), disabled: last, onclick: move(1) }, "›") : null),
    ];
  }

  function show() {
    if (!state.unit) return render(root, h("p", { class: "muted", role: "status" }, t("chart.loading")));
    const { data } = state, empty = data && !data.days.length, loads = data && !empty ? Object.keys(data.whole.loads) : [];
    const opened = ({ target }) => { if (state.table !== target.open) (state.table = target.open), show(); };
    render(root, [
      h("h2", { key: "title", class: "page-title" }, t("tab.history")),
      bars(),
      state.busy ? h("p", { key: "busy", class: "card muted", role: "status" }, t("chart.loading")) : null,
      state.error ? problemNode(state.error, load) : null,
      empty ? h("p", { key: "empty", class: "card muted" }, t("history.empty")) : null,
      data && !empty ? [
        h("section", { key: "sum", class: "card" }, facts(), h("div", { key: "picture", class: "chart-host", "data-chart": "sum", foreign: true }), picked()),
        loads.map(loadCard),
        h("details", { key: "table", class: "card fold", ontoggle: opened }, h("summary", null, t("chart.table")), state.table ? table() : null),
        saveButton(() => csvOf(tableOfDays(data.days)), `${data.span.from}.csv`),
      ] : null,
    ]);
    drawAll(loads);
  }

  function drawAll(loads) {
    for (const place of root.querySelectorAll("[data-chart]")) {
      const key = place.dataset.chart, index = loads.findIndex((name) => key === `load ${name}`);
      if (charts.get(key)?.place !== place) charts.set(key, { place, picture: chart(place), data: null });
      const held = charts.get(key);
      if (held.data !== state.data) held.picture.draw(key === "sum" ? specOf() : loadSpec(loads[index], index));
      held.data = state.data;
    }
    for (const [key, { place, picture }] of charts) if (!place.isConnected) picture.close(), charts.delete(key);
  }

  function follow() {
    if (!status()) return show();
    const [unit, date] = (app.part ?? "").split("/");
    const wanted = UNITS.includes(unit) ? unit : "day", day = /^\d{4}-\d\d-\d\d$/.test(date ?? "") ? date : today();
    if (wanted === state.unit && day === state.date) return;
    Object.assign(state, { unit: wanted, date: day });
    load();
  }

  follow();
  return { update: follow, moves: true, close: () => { asked++; for (const { picture } of charts.values()) picture.close(); } };
}
