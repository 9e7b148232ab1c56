import assert from "node:assert/strict";
import { test } from "node:test";
import { addDays, addPeriods, atHome, dateAt, dayBounds, hourTicks, instant, periodStart, periods, yearBefore } from "./time.js";

const VIENNA = "Europe/Vienna", HOUR = 3_600_000;
const hours = (date, zone) => { const [from, to] = dayBounds(date, zone); return (to - from) / HOUR; };

test("a day is 23 or 25 hours long when the clock changes", () => {
  assert.deepEqual(["2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26"].map((date) => hours(date, VIENNA)), [24, 23, 25, 24]);
  assert.equal(hours("2026-10-04", "Australia/Lord_Howe"), 23.5);
});

test("days follow each other without a gap through years, in zones of every kind", () => {
  for (const zone of [VIENNA, "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo", "America/Havana", "UTC"]) {
    for (let date = "2026-01-01"; date < "2027-01-02"; date = addDays(date, 1)) {
      const [from, to] = dayBounds(date, zone);
      assert.equal(dateAt(from, zone), date);
      assert.equal(dateAt(to - 1, zone), date);
      assert.notEqual(dateAt(from - 1, zone), date);
    }
  }
});

test("where midnight does not exist the day begins at the leap, where it is twice at the first", () => {
  assert.equal(new Date(dayBounds("2018-11-04", "America/Sao_Paulo")[0]).toISOString(), "2018-11-04T03:00:00.000Z");
  assert.equal(new Date(dayBounds("2025-11-02", "America/Havana")[0]).toISOString(), "2025-11-02T04:00:00.000Z");
});

test("hours that the clock leaps over are not marked, hours that come twice once", () => {
  assert.equal(instant("2026-03-29", 150, VIENNA), null);
  assert.deepEqual(hourTicks("2026-03-29", VIENNA, 1).map(({ hour }) => hour).slice(0, 4), [0, 1, 3, 4]);
  assert.equal(hourTicks("2026-10-25", VIENNA, 1).length, 25);
  const [midnight, three] = hourTicks("2026-10-25", VIENNA, 3);
  assert.equal(three.at - midnight.at, 4 * HOUR);
  assert.equal(hourTicks("2026-05-28", VIENNA, 6).at(-1).hour, 24);
});

test("weeks begin on Monday; months and years where the calendar says", () => {
  assert.equal(periodStart("2026-11-29", "week"), "2026-11-23");
  assert.equal(periodStart("2026-11-23", "week"), "2026-11-23");
  assert.equal(periodStart("2026-11-29", "month"), "2026-11-01");
  assert.equal(periodStart("2026-11-29", "year"), "2026-01-01");
  assert.equal(addPeriods("2026-11-01", "month", 3), "2027-02-01");
  assert.equal(addPeriods("2026-01-01", "year", -2), "2024-01-01");
  assert.equal(periods("2028-02-01", "2028-03-01", "day").length, 29);
  assert.equal(periods("2026-01-01", "2027-01-01", "month").length, 12);
});

test("a year before 29 February is 28 February", () => {
  assert.equal(yearBefore("2028-02-29"), "2027-02-28");
  assert.equal(yearBefore("2029-02-28"), "2028-02-28");
  assert.equal(yearBefore("2026-05-28"), "2025-05-28");
});

test("a time at home, also where the clock leaps over it", () => {
  assert.equal(new Date(atHome("2026-06-21", "06:30", "Europe/Vienna")).toISOString(), "2026-06-21T04:30:00.000Z");
  assert.equal(new Date(atHome("2026-03-29", "02:30", "Europe/Vienna")).toISOString(), "2026-03-29T01:30:00.000Z");
});
