// Sums of recorded days: periods, losses by cause, the same time a year before, and lines for a file. No words, no page.

import { addDays, addPeriods, periodStart, yearBefore } from "./time.js";

const YEARS = 6;
const CAUSES_SHOWN = 3;
const SUMS = ["caught_wh", "possible_wh", "bought_wh", "feed_in_wh", "pv_wh", "house_wh", "battery_drain_wh", "saved_money", "bought_money"];

export const plus = (sum, value) => (value == null ? sum : (sum ?? 0) + value);

/** The days of one period as one; null stays null where no day knows. */
export function sumOf(days) {
  const sum = { days: days.length, lost_wh: {}, loads: {} };
  for (const name of SUMS) sum[name] = days.reduce((all, day) => plus(all, day[name]), null);
  for (const day of days) {
    const { caught_wh: caught, possible_wh: possible } = day.report ?? {};
    if (possible != null) sum.account = { caught: plus(sum.account?.caught, caught), possible: plus(sum.account?.possible, possible) };
    for (const cause in day.lost_wh ?? {}) sum.lost_wh[cause] = plus(sum.lost_wh[cause], day.lost_wh[cause]);
    for (const name in day.loads ?? {}) {
      const all = (sum.loads[name] ??= { energy_wh: null, sun_wh: null, starts: null });
      for (const what in all) all[what] = plus(all[what], day.loads[name][what]);
    }
  }
  return sum;
}

/** One sum a period; null where no day was recorded. */
export function sumsOf(days, starts, unit) {
  const found = new Map(starts.map((start) => [start, []]));
  for (const day of days) found.get(periodStart(day.date, unit))?.push(day);
  return starts.map((start) => (found.get(start).length ? sumOf(found.get(start)) : null));
}

/** What a view shows: {from, to} of its dates (`to` is the first no longer shown), and how far the arrows go. */
export function spanOf(unit, date) {
  if (unit === "day") return { from: periodStart(date, "month"), to: addPeriods(periodStart(date, "month"), "month", 1), leap: "month" };
  const year = periodStart(date, "year");
  if (unit === "week") return { from: periodStart(year, "week"), to: addPeriods(year, "year", 1), leap: "year" };
  if (unit === "month") return { from: year, to: addPeriods(year, "year", 1), leap: "year" };
  return { from: addPeriods(year, "year", 1 - YEARS), to: addPeriods(year, "year", 1), leap: null };
}

/** The period that is compared with: the same dates, months, or the same weekdays 52 weeks before. */
export const before = (start, unit) => (unit === "week" ? addDays(start, -364) : yearBefore(start));

/** The causes of loss, greatest first, with the rest as one: [{cause, values}], `cause` null for the rest. */
export function lossesOf(sums, shown = CAUSES_SHOWN) {
  const whole = sumOf(sums.filter(Boolean).map((sum) => ({ lost_wh: sum.lost_wh })));
  const causes = Object.keys(whole.lost_wh).filter((cause) => whole.lost_wh[cause] > 0).sort((a, b) => whole.lost_wh[b] - whole.lost_wh[a]);
  const row = (some) => sums.map((sum) => (sum ? some.reduce((all, cause) => all + (sum.lost_wh[cause] ?? 0), 0) : null));
  const few = causes.length > shown + 1 ? causes.slice(0, shown) : causes;
  const list = few.map((cause) => ({ cause, values: row([cause]) }));
  return few.length < causes.length ? [...list, { cause: null, values: row(causes.slice(shown)) }] : list;
}

/** All that was recorded of some days, a line each, with units in the head. */
export function tableOfDays(days) {
  const causes = [...new Set(days.flatMap((day) => Object.keys(day.lost_wh ?? {})))].sort();
  const loads = [...new Set(days.flatMap((day) => Object.keys(day.loads ?? {})))].sort(), parts = ["energy_wh", "sun_wh", "starts"];
  const head = ["date", ...SUMS, ...causes.map((cause) => `lost_${cause}_wh`), ...loads.flatMap((name) => parts.map((part) => `${name}_${part}`))];
  return [head, ...days.map((day) => [
    day.date, ...SUMS.map((name) => day[name]), ...causes.map((cause) => day.lost_wh?.[cause]), ...loads.flatMap((name) => parts.map((part) => day.loads?.[name]?.[part])),
  ])];
}
