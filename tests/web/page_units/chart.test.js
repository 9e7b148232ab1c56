import assert from "node:assert/strict";
import { test } from "node:test";
import { edges, indexAt, pathOf, rangeOf, runs, scale, stacked, ticks, valueAt } from "./chart.js";

const row = (values, more = {}) => ({ kind: "line", start: 0, step: 10, values, ...more });
const drawn = (series) => pathOf(series, edges([series])[0], scale(0, 100, 0, 100), scale(0, 100, 100, 0));

test("a scale maps both ends, and a span of nothing lies at its start", () => {
  assert.equal(scale(0, 10, 100, 0)(2.5), 75);
  assert.equal(scale(5, 5, 40, 90)(5), 40);
});

test("ticks are round, hold the data, and are about as many as asked", () => {
  assert.deepEqual(ticks(0, 4700, 4), [0, 2000, 4000, 6000]);
  assert.deepEqual(ticks(-1500, 900, 3), [-2000, -1000, 0, 1000]);
  assert.deepEqual(ticks(0, 0.3, 3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(0, 0, 3), [0]);
  for (const high of [1, 7, 999, 1000, 1001, 12345, 3e6]) {
    const marks = ticks(0, high, 4);
    assert.ok(marks.at(-1) >= high && marks.length >= 3 && marks.length <= 9, `${high}: ${marks}`);
  }
});

test("null is a gap and zero is not", () => {
  assert.deepEqual(runs([null, 1, 0, null, null, 2]), [[1, 3], [5, 6]]);
  assert.deepEqual(runs([]), []);
  assert.deepEqual(runs([null]), []);
  assert.equal(drawn(row([10, null, 20, 30])), "M5 90h.1M25 80L35 70");
});

test("a gap in one load lifts nothing above it", () => {
  assert.deepEqual(stacked([[1, null, 3], [10, 10, null]]), [
    { low: [0, 0, 0], high: [1, null, 3] },
    { low: [1, 0, 3], high: [11, 10, null] },
  ]);
});

test("what lies below the axis is stacked downward and apart", () => {
  const all = [row([4], { stack: "a" }), row([3], { stack: "b", below: true }), row([2], { stack: "b", below: true }), row([1], { stack: "a" })];
  assert.deepEqual(edges(all).map(({ low, high }) => [low[0], high[0]]), [[0, 4], [0, -3], [-3, -5], [4, 5]]);
});

test("areas close on what lies below them, bars stand apart, steps hold their value", () => {
  assert.equal(drawn(row([50, 40], { kind: "area" })), "M5 50L15 60L15 100H5Z");
  assert.equal(drawn(row([50, 40], { kind: "area", steps: true })), "M0 50H10L10 60H20L20 100H0Z");
  assert.equal(drawn(row([50, null], { kind: "bar" })), "M1.5 100V50H8.5V100Z");
  assert.equal(drawn(row([50, 40], { steps: true })), "M0 50H10L10 60H20");
  assert.equal(drawn(row([30], { kind: "level" })), "M1.5 70H8.5");
  const [, upper] = [row([10, 20], { kind: "area", stack: "x" }), row([5, 5], { kind: "area", stack: "x" })];
  const found = edges([row([10, 20], { kind: "area", stack: "x" }), upper]);
  assert.equal(pathOf(upper, found[1], scale(0, 100, 0, 100), scale(0, 100, 100, 0)), "M5 85L15 75L15 80H15L5 90H5Z");
});

test("the left scale spans its own series, zero and the least, never the series of the right scale", () => {
  const power = row([300, 4200]), charge = row([100, 20], { right: true });
  assert.equal(rangeOf({ height: 200, least: 1000, series: [power, charge] }).high, 6000);
  assert.equal(rangeOf({ height: 200, least: 1000, series: [charge] }).high, 1000);
  const grid = rangeOf({ height: 84, least: 500, series: [row([900]), row([1500], { below: true })] });
  assert.deepEqual([grid.low, grid.high, grid.marks], [-2000, 2000, [-2000, 0, 2000]]);
  const little = rangeOf({ height: 200, series: [row([9000]), row([500], { below: true })] });
  assert.deepEqual([little.low, little.marks], [-500, [0, 5000, 10000]]);
});

test("a stack is as high as its sum", () => {
  const all = [row([700], { stack: "loads" }), row([800], { stack: "loads" })];
  assert.equal(rangeOf({ height: 200, series: all }).high, 1500);
});

test("the value under the cursor is that of its step, or of the series that goes on", () => {
  const mean = row([1, 2, 3]), instant = row([1, 2, 3], { inside: 0 });
  assert.deepEqual([-1, 0, 9.9, 10, 29.9, 30].map((x) => indexAt(mean, x)), [-1, 0, 0, 1, 2, -1]);
  assert.deepEqual([4.9, 5, 14.9, 15].map((x) => indexAt(instant, x)), [0, 1, 1, 2]);
  const goesOn = row([1, null, null], { also: row([7, 8], { start: 10 }) });
  assert.deepEqual([5, 15, 25, 35].map((x) => valueAt(goesOn, x)), [1, 7, 8, null]);
});
