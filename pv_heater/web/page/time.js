// Days, weeks, months and years as the site's clock cuts them. Dates are "2026-05-28"; instants are milliseconds since 1970.
// A day is 23 or 25 hours long when the clock changes. Nothing here asks for the browser's own zone.

const DAY_MS = 86_400_000;
const clocks = new Map();

function clockOf(zone) {
  if (!clocks.has(zone)) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    clocks.set(zone, new Intl.DateTimeFormat("en-US", { ...parts, timeZone: zone, hourCycle: "h23", era: "short" }));
  }
  return clocks.get(zone);
}

/** The wall clock of `zone` at an instant, as the milliseconds that it would be in UTC. */
export function wall(at, zone) {
  const is = {};
  for (const { type, value } of clockOf(zone).formatToParts(at)) is[type] = value;
  return Date.UTC(is.year, is.month - 1, is.day, is.hour, is.minute, is.second);
}

export const isoOf = (utc) => new Date(utc).toISOString().slice(0, 10);
const utcOf = (date) => Date.parse(`${date}T00:00:00Z`);

/** The site's date at an instant. */
export const dateAt = (at, zone) => isoOf(wall(at, zone));

/** The date `days` later. */
export const addDays = (date, days) => isoOf(utcOf(date) + days * DAY_MS);

/** The first instant at which the clock shows this time of this date; null when the clock leaps over it. */
export function instant(date, minutes, zone) {
  const wanted = utcOf(date) + minutes * 60_000;
  for (const near of [wanted - DAY_MS, wanted + DAY_MS]) {
    const at = wanted - (wall(near, zone) - near);
    if (wall(at, zone) === wanted) return at;
  }
  return null;
}

/** The instant at which the home's clocks show `time` ("06:00") on a date, wherever its owner is; after a leap, what they show then. */
export function atHome(date, time, zone) {
  const [hours, minutes] = time.split(":").map(Number);
  return instant(date, hours * 60 + minutes, zone) ?? instant(date, hours * 60 + 60 + minutes, zone);
}

/** The first instant of a date. Where midnight itself is leapt over, the day begins at the leap. */
export function dayStart(date, zone) {
  const before = utcOf(date) - DAY_MS;
  return instant(date, 0, zone) ?? utcOf(date) - (wall(before, zone) - before);
}

/** [from, to) of a date in milliseconds: 23, 24 or 25 hours. */
export const dayBounds = (date, zone) => [dayStart(date, zone), dayStart(addDays(date, 1), zone)];

/** Every full `hours` of the clock on a date, midnight at its end included: [{at, hour}]. */
export function hourTicks(date, zone, hours) {
  const found = [];
  for (let hour = 0; hour < 24; hour += hours) {
    const at = hour ? instant(date, hour * 60, zone) : dayStart(date, zone);
    if (at != null) found.push({ at, hour });
  }
  return [...found, { at: dayStart(addDays(date, 1), zone), hour: 24 }];
}

/** The first date of the week (Monday), month or year that holds `date`; the date itself for "day". */
export function periodStart(date, unit) {
  if (unit === "week") return addDays(date, -((new Date(utcOf(date)).getUTCDay() + 6) % 7));
  if (unit === "month") return `${date.slice(0, 7)}-01`;
  return unit === "year" ? `${date.slice(0, 4)}-01-01` : date;
}

/** The first date of the period `count` later. `date` is the first of its period. */
export function addPeriods(date, unit, count) {
  if (unit === "day" || unit === "week") return addDays(date, count * (unit === "week" ? 7 : 1));
  const [year, month] = date.split("-").map(Number);
  return isoOf(unit === "month" ? Date.UTC(year, month - 1 + count, 1) : Date.UTC(year + count, month - 1, 1));
}

/** The first dates of all periods that begin in [from, to). */
export function periods(from, to, unit) {
  const found = [];
  for (let date = from; date < to; date = addPeriods(date, unit, 1)) found.push(date);
  return found;
}

/** The same date a year before; 29 February becomes 28 February. */
export function yearBefore(date) {
  const before = `${String(Number(date.slice(0, 4)) - 1).padStart(4, "0")}${date.slice(4)}`;
  return Number.isNaN(utcOf(before)) || isoOf(utcOf(before)) !== before ? `${before.slice(0, 8)}28` : before;
}
