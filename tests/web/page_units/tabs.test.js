import assert from "node:assert/strict";
import { test } from "node:test";
import { csvOf, unitOf } from "./chart_parts.js";
import { coarser, energyOf, priceRow, shapeOf, within } from "./day_picture.js";
import { before, lossesOf, spanOf, sumOf, sumsOf, tableOfDays } from "./history_sums.js";

const day = (date, more) => ({ date, caught_wh: 100, possible_wh: 150, lost_wh: { not_seen: 50 }, bought_wh: null, loads: { tank: { energy_wh: 100, sun_wh: 90, starts: 2 } }, ...more });

test("energy of watts skips gaps and is unknown without any value", () => {
  assert.equal(energyOf([1000, null, 1000], 1800), 1000);
  assert.equal(energyOf([null, null], 60), null);
  assert.equal(energyOf([0], 60), 0);
});

test("the part of a plan that lies in a day", () => {
  assert.deepEqual(within(100, 10, [1, 2, 3, 4], 110, 130), { start: 110, step: 10, values: [2, 3] });
  assert.deepEqual(within(100, 10, [1, 2, 3, 4], 0, 90).values, []);
  assert.deepEqual(within(100, 10, undefined, 110, 130).values, []);
  assert.equal(within(100, 10, [1, 2], 105, 200).start, 110);
});

test("means of several values keep whole gaps as gaps", () => {
  assert.deepEqual(coarser({ start: 5, step: 10, values: [1, 3, null, null, null, 8, 9] }, 2), { start: 5, step: 20, values: [2, null, 8, 9] });
});

test("prices as quarter hours, and a gap where nobody knows", () => {
  const at = (minutes) => new Date(minutes * 60_000).toISOString();
  const prices = [{ from_at: at(0), to_at: at(15), import_per_kwh: 0.2 }, { from_at: at(30), to_at: at(60), import_per_kwh: -0.01 }];
  assert.deepEqual(priceRow(prices, 0, 4_500_000).values, [0.2, null, -0.01, -0.01, null]);
});

test("a change has the shape of what it did", () => {
  const shapes = [["off", "heating"], ["heating", "cooldown"], ["heating", "heating"], ["off", "armed"], ["heating", "fault"]];
  assert.deepEqual(shapes.map(([from_phase, to_phase]) => shapeOf({ from_phase, to_phase })), ["up", "down", "dot", "dot", "fault"]);
});

test("days become periods, and what nobody knows stays unknown", () => {
  const [first, second, third] = sumsOf([day("2026-05-31"), day("2026-06-01"), day("2026-06-02", { caught_wh: null })], ["2026-05-01", "2026-06-01", "2026-07-01"], "month");
  assert.equal(first.caught_wh, 100);
  assert.equal(second.caught_wh, 100);
  assert.equal(second.bought_wh, null);
  assert.deepEqual(second.lost_wh, { not_seen: 100 });
  assert.deepEqual(second.loads.tank, { energy_wh: 200, sun_wh: 180, starts: 4 });
  assert.equal(third, null);
});

test("each view spans whole periods and is compared with the same one a year before", () => {
  assert.deepEqual(spanOf("day", "2026-05-28"), { from: "2026-05-01", to: "2026-06-01", leap: "month" });
  assert.deepEqual(spanOf("week", "2026-05-28"), { from: "2025-12-29", to: "2027-01-01", leap: "year" });
  assert.equal(spanOf("year", "2026-05-28").to, "2027-01-01");
  assert.equal(before("2026-11-23", "week"), "2025-11-24");
  assert.equal(before("2026-05-01", "month"), "2025-05-01");
});

test("the greatest losses are named and the rest is one", () => {
  const sums = [sumOf([{ lost_wh: { a: 5, b: 40, c: 20, d: 1, e: 2, f: 0 } }]), null, sumOf([{ lost_wh: { a: 5 } }])];
  assert.deepEqual(lossesOf(sums), [
    { cause: "b", values: [40, null, 0] },
    { cause: "c", values: [20, null, 0] },
    { cause: "a", values: [5, null, 5] },
    { cause: null, values: [3, null, 0] },
  ]);
  assert.deepEqual(lossesOf(sums.slice(2)), [{ cause: "a", values: [5] }]);
});

test("accounts of days are summed up, and days without one are left out", () => {
  const accounted = (caught_wh, possible_wh) => ({ report: { caught_wh, possible_wh } });
  assert.deepEqual(sumOf([day("2026-06-01", accounted(4000, 5000)), day("2026-06-02", { report: null }), day("2026-06-03", accounted(-20, 100))]).account, { caught: 3980, possible: 5100 });
  assert.equal(sumOf([day("2026-06-01"), day("2026-06-02", { report: { because: "too little" } })]).account, undefined);
});

test("a table of days has a column for every load and cause, and empty cells for the unknown", () => {
  const lines = csvOf(tableOfDays([day("2026-05-30"), day("2026-05-31", { lost_wh: {}, loads: { "pump, left": { energy_wh: 5, sun_wh: 5, starts: 1 } } })])).split("\r\n");
  assert.equal(lines[0], 'date,caught_wh,possible_wh,bought_wh,feed_in_wh,pv_wh,house_wh,battery_drain_wh,saved_money,bought_money,lost_not_seen_wh,"pump, left_energy_wh","pump, left_sun_wh","pump, left_starts",tank_energy_wh,tank_sun_wh,tank_starts');
  assert.equal(lines[1], "2026-05-30,100,150,,,,,,,,50,,,,100,90,2");
  assert.equal(lines[2], "2026-05-31,100,150,,,,,,,,,5,5,1,,,");
});

test("the top tick says the unit, kilo from a thousand on", () => {
  const range = (marks, low = 0) => ({ low, high: marks.at(-1), marks });
  assert.deepEqual([0, 500, 1000].map((mark) => unitOf(mark, mark === 1000, range([0, 500, 1000]))), ["0.0", "0.5", "1.0 kW"]);
  assert.equal(unitOf(5000, true, range([0, 5000, 10000]), "h"), "5 kWh");
  assert.equal(unitOf(200, true, range([0, 100, 200])), "200 W");
});
