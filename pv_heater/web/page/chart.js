// Charts in SVG: panels over one horizontal axis, with areas, stacks, lines, steps, bars, gaps, a second scale, marks and a cursor.
// This file knows no words, no zone and no API. The caller gives numbers, names, colours as class names, and how a value reads.
//
// spec = {label, say(x), panels, x: {from, to, step, ticks: [{at, text}], format(x)}, now, marks: [{at, shape, hue, text}], onMark(index), rest}
// panel = {height, unit(tick, isTop), series, least, right: {unit, from, to}}
// series = {name, hue, kind: "area" | "line" | "bar" | "level", steps, values, start, step, inside, stack, below, floor, right, dash, hatch, pale, format, total, silent, also}
// `floor` is where an area begins, by default the axis or what lies below it.
// A value counts at start + (index + inside) x step; null is a gap, never 0. Series of one `stack` lie upon each other. A silent series has no row
// in the legend; `also` is the series that speaks in the same row where this one has a gap. A level is a short line across its place.

const SVG = "http://www.w3.org/2000/svg";
const WIDEST_BAR = 72;
let charts = 0;

/** A node with attributes set and children appended; SVG unless `space` is the name space of HTML. */
export function node(name, attributes = {}, children = [], space = SVG) {
  const made = document.createElementNS(space, name);
  for (const key in attributes) if (attributes[key] != null) made.setAttribute(key, attributes[key]);
  made.append(...children);
  return made;
}

const html = (name, attributes, children) => node(name, attributes, children, "http://www.w3.org/1999/xhtml");
const tenth = (value) => Math.round(value * 10) / 10;

/** A function from [from, to] to [start, end]; a span of nothing lies at the start. */
export function scale(from, to, start, end) {
  const slope = to === from ? 0 : (end - start) / (to - from);
  return (value) => start + (value - from) * slope;
}

/** Whole steps of 1, 2 or 5 times a power of ten that hold [low, high], about `count` of them. */
export function ticks(low, high, count) {
  const raw = (high - low || 1) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) * power;
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** [from, to) of every row of values without a gap. */
export function runs(values) {
  const found = [];
  for (let i = 0, from = -1; i <= values.length; i++) {
    const there = i < values.length && values[i] != null;
    if (there && from < 0) from = i;
    if (!there && from >= 0) found.push([from, i]), (from = -1);
  }
  return found;
}

/** Lower and upper edge of every series upon the ones before it. A gap stays a gap and lifts nothing. */
export function stacked(rows) {
  const sums = [];
  return rows.map((values) => {
    const low = values.map((_, i) => sums[i] ?? 0);
    return { low, high: values.map((value, i) => (value == null ? null : (sums[i] = low[i] + value))) };
  });
}

/** The index of the value that counts at x, or -1 beyond the series. */
export function indexAt(series, x) {
  const index = Math.floor((x - series.start) / series.step + (series.inside === 0 ? 0.5 : 0));
  return index >= 0 && index < series.values.length ? index : -1;
}

/** What a series, or the one that goes on where it ends, says at x; null for nothing. */
export function valueAt(series, x) {
  return series.values[indexAt(series, x)] ?? (series.also ? valueAt(series.also, x) : null);
}

/** The edges of every series of a panel, {low, high} in its own unit. What lies below the axis counts negative. */
export function edges(all) {
  const made = new Map();
  const stacks = new Map();
  for (const one of all) {
    const key = one.stack ? `${one.stack}:${one.below ? 1 : 0}` : one;
    if (one.floor) made.set(one, { low: one.floor, high: one.values });
    else stacks.set(key, [...(stacks.get(key) ?? []), one]);
  }
  for (const members of stacks.values()) {
    const sign = members[0].below ? -1 : 1;
    stacked(members.map((one) => one.values.map((value) => (value == null ? null : sign * value))))
      .forEach((edge, i) => made.set(members[i], edge));
  }
  return all.map((one) => made.get(one));
}

/** The path of a series in picture points: `across` and `up` are its scales. */
export function pathOf(series, { low, high }, across, up) {
  const { start, step, kind } = series, inside = series.inside ?? 0.5, parts = [];
  const left = (i) => tenth(across(start + i * step)), at = (i) => tenth(across(start + (i + inside) * step));
  const y = (value) => tenth(up(value));
  for (const [from, to] of runs(high)) {
    if (kind === "bar" || kind === "level") {
      for (let i = from; i < to; i++) {
        const wide = left(i + 1) - left(i), gap = Math.max(0.15 * Math.min(wide, 27), (wide - WIDEST_BAR) / 2);
        const [start, end] = [tenth(left(i) + gap), tenth(left(i + 1) - gap)];
        parts.push(kind === "level" ? `M${start} ${y(high[i])}H${end}` : `M${start} ${y(low[i])}V${y(high[i])}H${end}V${y(low[i])}Z`);
      }
      continue;
    }
    const corner = series.steps ? (edge, i) => `${left(i)} ${y(edge[i])}H${left(i + 1)}` : (edge, i) => `${at(i)} ${y(edge[i])}`;
    let way = `M${corner(high, from)}`;
    for (let i = from + 1; i < to; i++) way += `L${corner(high, i)}`;
    if (to - from === 1 && !series.steps) way += "h.1";
    if (kind === "area") {
      const [onto, onward] = series.steps ? [(i) => left(i + 1), left] : [at, at];
      const floor = (first, last) => `L${onto(last)} ${y(low[first])}H${onward(first)}`;
      if (low.slice(from, to).every((value) => value === low[from])) way += floor(from, to - 1);
      else for (let i = to - 1; i >= from; i--) way += floor(i, i);
      way += "Z";
    }
    parts.push(way);
  }
  return parts.join("");
}

/** What a panel's left scale spans: its data, zero, and at least `least`. It ends with a tick unless most of the last step below is empty. */
export function rangeOf(panel, found = edges(panel.series)) {
  let low = 0, high = panel.least ?? 0;
  panel.series.forEach((one, i) => {
    if (!one.right) for (const value of found[i].high) if (value != null) (low = Math.min(low, value)), (high = Math.max(high, value));
  });
  const marks = ticks(low, high || 1, Math.max(2, Math.round(panel.height / 48)));
  if (low - marks[0] > 0.3 * (marks[1] - marks[0])) marks.shift();
  return { low: Math.min(low, marks[0]), high: marks.at(-1), marks };
}

const SHAPES = { up: "M-5 4L0-5L5 4Z", down: "M-4.5-4L0 4.5L4.5-4Z", fault: "M-4-4L4 4M4-4L-4 4", dot: "M-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0" };
const RANK = { dot: 0, down: 1, up: 2, fault: 3 };

function hatching(id, one) {
  const lines = ["", "M-1 1L1-1M0 6L6 0M5 7L7 5", "M-1 5L1 7M0 0L6 6M5-1L7 1", "M3 0V6", "M0 3H6"][one.hatch];
  const size = { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", class: `hue-${one.hue}` };
  return node("pattern", size, [node("rect", { width: 6, height: 6, class: "hatch-ground" }), node("path", { d: lines, class: "hatch-line" })]);
}

const looks = (one, id) => ({
  class: `hue-${one.hue} series ${one.kind === "area" || one.kind === "bar" ? "filled" : "drawn"}${one.pale ? " pale" : ""}${one.dash ? ` dash-${one.dash}` : ""}`,
  fill: one.hatch ? `url(#${id})` : null,
});

/** A chart in `host`. `draw(spec)` shows it, again and again; focus and cursor stay. `close()` ends it. */
export function chart(host) {
  const own = `chart${++charts}`;
  const svg = node("svg", { role: "img", class: "chart" });
  const cursor = html("div", { class: "chart-cursor", role: "slider", tabindex: 0 });
  const heading = html("p", { class: "chart-at" }), legend = html("ul", { class: "chart-legend" });
  const frame = html("div", { class: "chart-frame" }, [svg, cursor]);
  host.append(frame, heading, legend);
  let spec = null, box = null, at = null, chosen = -1, width = 0;

  const patternId = (p, s) => `${own}p${p}s${s}`;

  function panelNodes(panel, p, top, across) {
    const { found, range } = panel;
    const up = scale(range.low, range.high, top + panel.height, top), nodes = [];
    const right = panel.right && scale(panel.right.from, panel.right.to, up(0), top);
    for (const [i, mark] of range.marks.entries()) {
      const y = tenth(up(mark)) + 0.5;
      nodes.push(node("path", { d: `M${box.left} ${y}H${box.right}`, class: mark === 0 ? "axis" : "gridline" }));
      nodes.push(node("text", { x: box.left - 6, y: y + 4, class: "tick end" }, [panel.names[i]]));
    }
    if (right) for (const mark of ticks(panel.right.from, panel.right.to, 2)) {
      nodes.push(node("text", { x: box.right + 6, y: tenth(right(mark)) + 4, class: `tick hue-${panel.right.hue}` }, [panel.right.unit(mark)]));
    }
    panel.series.forEach((one, s) => {
      if (one.hatch) nodes.push(node("defs", {}, [hatching(patternId(p, s), one)]));
      nodes.push(node("path", { d: pathOf(one, found[s], across, one.right ? right : up), ...looks(one, patternId(p, s)) }));
    });
    if (panel.title) nodes.push(node("text", { x: box.left, y: top - 4, class: "panel-title" }, [panel.title]));
    return nodes;
  }

  function paint() {
    if (!spec || !(width = frame.clientWidth)) return;
    const em = parseFloat(getComputedStyle(frame).fontSize) / 16, lane = spec.marks ? 24 * em : 10 * em;
    const panels = spec.panels.map((panel) => {
      const found = edges(panel.series), range = rangeOf(panel, found);
      return { ...panel, found, range, names: range.marks.map((mark) => panel.unit(mark, mark === range.high, range)) };
    });
    const longest = Math.max(...panels.flatMap((panel) => panel.names.map((name) => name.length)));
    box = { left: (longest * 6.9 + 8) * em, right: width - (spec.panels.some((one) => one.right) ? 42 : 10) * em, lane };
    const across = scale(spec.x.from, spec.x.to, box.left, box.right), nodes = [];
    let top = lane;
    for (const [p, panel] of panels.entries()) {
      nodes.push(node("g", {}, panelNodes(panel, p, top, across)));
      top += panel.height + 16 * em;
    }
    box.bottom = top - 16 * em;
    let free = -Infinity;
    for (const { at: x, text } of spec.x.ticks) {
      const place = tenth(across(x)) + 0.5, half = text.length * 3.6 * em;
      nodes.push(node("path", { d: `M${place} ${box.bottom}v5`, class: "axis" }));
      const middle = Math.max(half, Math.min(width - half, place));
      if (middle - half < free) continue;
      free = middle + half + 6;
      nodes.push(node("text", { x: middle, y: box.bottom + 18 * em, class: "tick middle" }, [text]));
    }
    if (spec.now != null && spec.now > spec.x.from && spec.now < spec.x.to) {
      nodes.push(node("path", { d: `M${tenth(across(spec.now))} ${lane - 4}V${box.bottom}`, class: "now" }));
    }
    const marks = (spec.marks ?? []).map((mark, i) => ({ ...mark, i })).sort((a, b) => RANK[a.shape] - RANK[b.shape]);
    for (const mark of marks) {
      const place = { transform: `translate(${tenth(across(mark.at))} ${lane / 2 - 2})`, d: SHAPES[mark.shape] };
      nodes.push(node("path", { ...place, class: `chart-mark chart-mark-${mark.shape} hue-${mark.hue}${mark.i === chosen ? " chosen" : ""}` }));
    }
    if (spec.marks?.[chosen]) nodes.push(node("path", { d: `M${tenth(across(spec.marks[chosen].at))} ${lane - 4}V${box.bottom}`, class: "chosen-line" }));
    nodes.push(node("path", { class: "cursor-line", d: "" }));
    const height = Math.ceil(box.bottom + 26 * em);
    for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": spec.label })) svg.setAttribute(key, value);
    svg.replaceChildren(...nodes);
    point(at);
  }

  function showLegend() {
    const rows = spec.panels.flatMap((panel, p) => panel.series.map((one, s) => [one, patternId(p, s)])).filter(([one]) => !one.silent);
    legend.replaceChildren(...rows.map(([one, id]) => {
      const shape = one.kind === "area" || one.kind === "bar" ? "M1 1H21V11H1Z" : "M0 6H22";
      const swatch = node("svg", { width: 22, height: 12, "aria-hidden": "true" }, [node("path", { d: shape, ...looks(one, id) })]);
      return html("li", {}, [swatch, html("span", {}, [one.name]), html("b")]);
    }));
    legend.shown = rows.map(([one]) => one);
  }

  function point(x) {
    at = x == null ? null : Math.max(spec.x.from, Math.min(spec.x.to - spec.x.step / 2, x));
    const across = scale(spec.x.from, spec.x.to, box.left, box.right);
    const middle = at == null ? 0 : tenth(across(spec.x.middle ? spec.x.middle(at) : at));
    svg.lastChild.setAttribute("d", at == null ? "" : `M${middle} ${box.lane - 4}V${box.bottom}`);
    heading.textContent = at == null ? spec.rest : spec.x.format(at);
    legend.shown.forEach((one, i) => {
      legend.children[i].lastChild.textContent = at == null ? one.total ?? "" : one.format(valueAt(one, at));
    });
    const words = at == null ? spec.label : [spec.x.format(at), ...legend.shown.map((one, i) => `${one.name} ${legend.children[i].lastChild.textContent}`)].join(", ");
    const told = { "aria-label": spec.say, "aria-valuemin": 0, "aria-valuemax": Math.round((spec.x.to - spec.x.from) / spec.x.step) - 1, "aria-valuetext": words };
    told["aria-valuenow"] = at == null ? 0 : Math.floor((at - spec.x.from) / spec.x.step);
    for (const key in told) cursor.setAttribute(key, told[key]);
  }

  const xOf = (event) => scale(box.left, box.right, spec.x.from, spec.x.to)(event.clientX - frame.getBoundingClientRect().left);

  function choose(index) {
    chosen = index;
    paint();
    spec.onMark?.(index);
  }

  function nearest(x, reach) {
    let best = -1;
    (spec.marks ?? []).forEach((mark, i) => {
      const far = Math.abs(mark.at - x);
      if (far <= reach && (best < 0 || far < Math.abs(spec.marks[best].at - x))) best = i;
    });
    return best;
  }

  const follow = (event) => { if (spec && box && (event.pointerType === "mouse" || event.buttons)) point(xOf(event)); };
  cursor.addEventListener("pointerdown", follow);
  cursor.addEventListener("pointermove", follow);
  cursor.addEventListener("pointerleave", (event) => { if (spec && box && event.pointerType === "mouse" && cursor !== document.activeElement) point(null); });
  cursor.addEventListener("click", (event) => {
    if (!spec || !box) return;
    const low = event.clientY - frame.getBoundingClientRect().top > box.lane + 12;
    const index = nearest(xOf(event), (22 / (box.right - box.left)) * (spec.x.to - spec.x.from));
    if (!low && index >= 0) choose(index);
    else spec.onPick?.(at);
  });
  cursor.addEventListener("keydown", (event) => {
    if (!spec || !box) return;
    const { from, to, step, leap = step } = spec.x, old = at ?? (spec.now > from && spec.now < to ? spec.now : from + step / 2);
    const moves = { ArrowRight: old + step, ArrowUp: old + step, ArrowLeft: old - step, ArrowDown: old - step, PageUp: old + leap, PageDown: old - leap, Home: from + step / 2, End: to };
    if (event.key in moves) point(moves[event.key]);
    else if (event.key === "Escape") point(null);
    else if (event.key === "Enter" && nearest(old, to - from) >= 0) choose(nearest(old, to - from));
    else if (event.key === "Enter") spec.onPick?.(at);
    else return;
    event.preventDefault();
  });
  const observer = new ResizeObserver(() => { if (frame.clientWidth !== width) paint(); });
  observer.observe(frame);

  return {
    draw(next) {
      if (next.marks?.length !== spec?.marks?.length) chosen = -1;
      spec = next;
      showLegend();
      paint();
    },
    choose,
    close: () => observer.disconnect(),
  };
}
