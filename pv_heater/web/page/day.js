// The tab Day: one time axis from midnight to midnight for what was, what is and what is planned.

import { ask, get } from "./api.js";
import { chart } from "./chart.js";
import { csvOf, dataTable, factNode, problemNode, saveButton } from "./chart_parts.js";
import { pictureOf, quarters } from "./day_picture.js";
import { goal } from "./now.js";
import { h, render } from "./render.js";
import { addDays, dateAt, dayBounds } from "./time.js";
import { because, clock, colon, date as dateText, energy, known, lostName, number, percent, ruleName, t, title, watts } from "./words.js";

const REFRESH_MS = 60_000;
const QUARTER_S = 900;
const FINE_FOR_DAYS = 59;
const SHOWN_CHANGES = 200;

export function open(root, app) {
  const state = { date: null, data: null, error: null, busy: false, chosen: -1, table: false, list: false };
  let picture = null, loadedAt = 0, asked = 0, place = null;
  const status = () => app.status();
  const zone = () => status().site.timezone;
  const today = () => dateAt(Date.parse(status().now), zone());

  async function load(silent) {
    const mine = ++asked, [from, to] = dayBounds(state.date, zone());
    if (!silent) Object.assign(state, { data: null, error: null, busy: true, chosen: -1 });
    show();
    loadedAt = Date.now();
    try {
      const [data, prices] = await Promise.all([state.date > today() ? null : fetchDay(from, to), fetchPrices(from, to)]);
      if (mine === asked) Object.assign(state, { data, prices, error: null, busy: false });
    } catch (error) {
      if (mine === asked && !(silent && state.data)) Object.assign(state, { error, busy: false });
    }
    if (mine === asked) show();
  }

  const spanOf = (from, to) => `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;

  // A home without a tariff has none, and a day without prices is drawn without.
  const fetchPrices = (from, to) => (status().price ? get(`prices?${spanOf(from, to)}`).catch(() => null) : null);

  async function fetchDay(from, to) {
    const span = spanOf(from, to);
    const [days, changes] = await Promise.all([get(`days?from=${state.date}&to=${state.date}`), get(`transitions?${span}`)]);
    const loads = [...new Set([...status().loads.map((one) => one.name), ...Object.keys(days[0]?.loads ?? {})])];
    const names = ["pv_possible_w", "pv_w", "house_w", "grid_w", "battery_soc_percent", ...loads.map((name) => `load:${name}:power_w`)];
    const step = state.date < addDays(today(), -FINE_FOR_DAYS) ? QUARTER_S : 60;
    const path = `history?${span}&step=${step}&series=${encodeURIComponent(names.join(","))}`;
    return { path, loads, totals: days[0] ?? null, changes, rows: await get(path) };
  }

  const go = (day) => app.go(day === today() ? "day" : `day/${day}`);

  function specOf() {
    const wide = root.clientWidth > 640;
    const spec = pictureOf({ date: state.date, longDate: long(), data: state.data, prices: state.prices?.prices, status: status(), wide });
    return { ...spec, onMark: (index) => { state.chosen = index; show(); } };
  }

  const long = (weekday = "long") => dateText(Date.parse(`${state.date}T12:00:00Z`), { timeZone: "UTC", weekday, day: "numeric", month: "long", year: "numeric" });
  const phase = (name) => (known(`phase.${name}`) ? t(`phase.${name}`) : name);
  // What changed: a load from phase to phase, or the whole home, which has none.
  const turn = (change) => {
    const { load, from_phase: from, to_phase: to, power_w: power } = change, name = load == null ? status().site.name : title(load);
    if (to == null) return name;
    const text = t(from == null || from === to ? "day.stays" : "day.change", { load: name, from: phase(from), to: phase(to) });
    return power > 0 ? `${text}, ${watts(power)}` : text;
  };
  const why = (change) => because(change, change.to_phase === "heating") || ruleName(change.rule ?? "");

  function chosenNodes() {
    const changes = state.data?.changes ?? [], change = changes[state.chosen];
    if (!changes.length) return null;
    if (!change) return h("p", { key: "hint", class: "muted" }, t("day.marks", { count: changes.length }));
    const step = (by) => () => picture.choose(state.chosen + by);
    return h("div", { key: "chosen", class: "chosen-change" },
      h("p", { role: "status" }, h("b", null, `${clock(change.at)} ${turn(change)}`), h("br"), why(change)),
      h("div", { class: "chart-row" },
        h("button", { key: "earlier", type: "button", class: "button", disabled: state.chosen < 1, onclick: step(-1) }, t("day.earlier")),
        h("span", { class: "muted" }, t("chart.of", { index: state.chosen + 1, count: changes.length })),
        h("button", { key: "later", type: "button", class: "button", disabled: state.chosen + 1 >= changes.length, onclick: step(1) }, t("day.later"))));
  }

  function tableOf(spec) {
    const { columns, rows } = quarters(spec);
    const shown = rows.map(([at, ...values]) => [clock(at), ...values.map((value, i) => columns[i].format(value))]);
    return dataTable(t("day.table", { date: long() }), [t("day.time"), ...columns.map((one) => one.name)], shown);
  }

  // Days that are over as the controller kept them, what is to come with what was as it is drawn.
  function csv(spec) {
    if (state.date < today()) return ask("GET", state.data.path, { text: true, headers: { Accept: "text/csv" } });
    const { columns, rows } = quarters(spec), unit = (one) => (one.right ? "%" : one.unit ?? "W");
    const cells = (of) => columns.flatMap((one, i) => (one.low ? [of(one, i, one.low), of(one, i, 1)] : [of(one, i, 1)]));
    const head = cells((one, i, part) => `${one.name} [${unit(one)}]${one.low ? (part === 1 ? " max" : " min") : ""}`);
    return csvOf([["start_at", ...head], ...rows.map(([at, ...values]) => [new Date(at).toISOString(), ...cells((one, i, part) => (values[i] == null ? null : Number((part * values[i]).toFixed(4))))])]);
  }

  function listOf() {
    const rows = state.data.changes.slice(-SHOWN_CHANGES).reverse().map((change) => [clock(change.at), turn(change), why(change)]);
    return dataTable(t("day.changes", { count: rows.length }), [t("day.time"), t("day.what"), t("day.why")], rows, "words");
  }

  function summary() {
    const { totals } = state.data ?? {};
    if (!totals) return null;
    const share = totals.possible_wh > 0 ? percent((100 * totals.caught_wh) / totals.possible_wh) : "";
    const lost = Object.entries(totals.lost_wh ?? {}).filter(([, wh]) => wh >= 10).sort((a, b) => b[1] - a[1]);
    return h("div", { key: "summary", class: "chart-facts" },
      factNode(t("day.fact.sun"), energy(totals.pv_wh)),
      factNode(t("history.caught"), energy(totals.caught_wh), share && t("day.fact.share", { share, possible: energy(totals.possible_wh) })),
      lost.length ? factNode(t("day.fact.lost"), energy(lost.reduce((sum, [, wh]) => sum + wh, 0)), lostName(lost[0][0])) : null,
      factNode(t("history.bought"), energy(totals.bought_wh)));
  }

  // What one who knew the day would have made of it, and what took the rest.
  function account() {
    const report = state.data?.totals?.report;
    if (!report) return null;
    const lost = Object.entries(report.lost_wh ?? {}).sort((a, b) => b[1] - a[1]), money = report.lost_money;
    const worth = (amount) => (money ? ` (${number(amount, 2)})` : "");
    return h("section", { key: "account", class: "card" },
      h("h3", null, t("account")),
      report.because ? h("p", null, t("account.none")) : [
        h("p", null, t("account.of", { caught: energy(report.caught_wh) + worth(report.caught_money), possible: energy(report.possible_wh) + worth(report.possible_money) })),
        h("ul", { class: "bare" }, lost.map(([cause, wh]) => h("li", null, `${energy(wh)}${worth(money?.[cause])}${colon()}${lostName(cause)}`)))],
      h("p", { class: "muted" }, t("account.against")));
  }

  // What heats when and what asks for it, what will be bought, and how full the battery will be.
  function plannedNodes({ x }) {
    const { plan, now, loads } = status();
    if (!plan || state.date < today()) return null;
    const within = ({ from_at: from, until_at: until }) => Date.parse(from) < x.to && Date.parse(until) > Math.max(x.from, Date.parse(now));
    const runs = plan.runs.filter(within), buys = plan.purchases.filter(within), first = new Set();
    const line = (run) => {
      const load = loads.find((one) => one.name === run.load), aim = load && state.date === today() && !first.has(run.load) ? goal(load, status()) : "";
      first.add(run.load);
      const text = t("day.window", { load: title(run.load), from: clock(run.from_at), to: clock(run.until_at), energy: energy(run.energy_wh) });
      return h("li", { key: `${run.load} ${run.from_at}` }, `${text}${colon()}${run.rule ? ruleName(run.rule, true) : t("planned.sun")}`, aim && h("span", { class: "muted" }, ` (${aim})`));
    };
    const [charge, at] = state.date === today() ? [plan.soc_tonight_percent, plan.tonight_at] : [plan.soc_tomorrow_percent, plan.tomorrow_at];
    return h("section", { key: "planned", class: "card" },
      h("h3", null, t("day.planned")),
      runs.length ? h("ul", { class: "bare" }, runs.map(line)) : h("p", { class: "muted" }, t("day.planned.none")),
      buys.map((one) => h("p", { key: `${one.load} ${one.until_at}` },
        t("day.buys", { load: title(one.load), energy: energy(one.energy_wh), from: clock(one.from_at), until: clock(one.until_at) }))),
      charge == null ? null : h("p", { key: "charge", class: "muted" }, t("plan.tonight", { percent: percent(charge), time: clock(at) })));
  }

  function emptyText(spec) {
    if (spec.panels[0].series.length) return null;
    if (state.date > today()) return status().plan ? t("day.plan.short") : t("day.plan.none");
    return t(state.date === today() ? "day.empty.today" : "day.empty");
  }

  function show() {
    if (!status() || !state.date) return render(root, h("p", { class: "muted", role: "status" }, t("chart.loading")));
    const now = today(), chip = (day, name) => h("button", { type: "button", key: day, "aria-pressed": String(state.date === day), onclick: () => go(day) }, name);
    const spec = state.busy || state.error ? null : specOf(), empty = spec && emptyText(spec), drawn = spec && !empty;
    render(root, [
      h("div", { key: "days", class: "seg", role: "group", "aria-label": t("day.title") },
        chip(addDays(now, -1), t("day.yesterday")), chip(now, t("today.title")), chip(addDays(now, 1), t("day.tomorrow"))),
      h("div", { key: "title", class: "chart-row" },
        h("h2", null, long("short")),
        h("input", { type: "date", class: "date", "aria-label": t("day.choose"), value: state.date, max: addDays(now, 1),
          onchange: (event) => /^\d{4}-\d\d-\d\d$/.test(event.target.value) && go(event.target.value) })),
      state.busy ? h("p", { key: "busy", class: "card muted", role: "status" }, t("chart.loading")) : null,
      state.error ? problemNode(state.error, () => load(false)) : null,
      empty ? h("p", { key: "empty", class: "card muted" }, empty) : null,
      drawn ? h("section", { key: "card", class: "card", "aria-label": t("day.title") },
        summary(),
        h("div", { key: "picture", class: "chart-host", foreign: true }),
        chosenNodes(),
        state.date < now ? null : h("p", { key: "note", class: "muted" }, t("day.note")),
        state.date > now && status().plan?.sun_error ? h("p", { key: "band", class: "muted" }, t("day.band.why", { days: status().plan.sun_error.days })) : null,
        state.prices?.licence ? h("p", { key: "credit", class: "muted", lang: "en" }, `${state.prices.source}, ${state.prices.licence}`) : null) : null,
      drawn ? more(spec) : null,
    ]);
    place = root.querySelector(".chart-host");
    if (place && !place.firstChild) {
      picture?.close();
      picture = chart(place);
    }
    if (drawn) picture.draw(spec, state.chosen);
  }

  function more(spec) {
    const opened = (name) => (event) => { if (state[name] !== event.target.open) (state[name] = event.target.open), show(); };
    const folded = (name, label, inside) => h("details", { key: name, class: "card fold", ontoggle: opened(name) }, h("summary", null, label), state[name] ? inside() : null);
    return h("div", { key: "more" },
      plannedNodes(spec),
      account(),
      state.data?.changes.length ? folded("list", t("day.list", { count: state.data.changes.length }), listOf) : null,
      folded("table", t("chart.table"), () => tableOf(spec)),
saveButton(() => csv(spec), `${state.date}.csv`));
  }

  function follow() {
    if (!status()) return show();
    const wanted = /^\d{4}-\d\d-\d\d$/.test(app.part ?? "") ? app.part : today();
    if (wanted !== state.date) {
      state.date = wanted;
      load(false);
    } else if (state.date === today() && !state.busy && Date.now() - loadedAt > REFRESH_MS) load(true);
  }

  follow();
  return { update: follow, moves: true, close: () => (asked++, picture?.close()) };
}
