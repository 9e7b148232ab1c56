// Why a load does what it does, and what would change it, worded from the id of the rule and its numbers.

import { degrees, duration, energy, known, lang, moment, number, percent, t, watts } from "./words.js";

const SHORT = 150;
const TIMES = ["wait_s", "after_s"];
const MOST_WAYS = 2;

// What a load does, as the beginning of a sentence: "Heats with 1.20 kW".
export function does(load) {
  const values = { power: watts(load.power_w) };
  return t(`does.${load.phase}`, values);
}

// Why, without its subject. The log's own English sentence has more numbers, so English readers get that.
export function because(why, heats = false) {
  if (!why?.rule) return why?.because ?? "";
  if (lang() === "en" && why.because && why.because.length <= SHORT) return why.because.replaceAll("degC", "°C");
  return known(`rule.${why.rule}`) ? ruleName(why.rule, heats) : why.because;
}

export function ruleName(rule, heats = false) {
  const key = heats && known(`rule.${rule}.on`) ? `rule.${rule}.on` : `rule.${rule}`;
  return known(key) ? t(key) : rule.replaceAll("_", " ");
}

// A whole sentence: "Heats with 1.20 kW: more sun than the house uses."
export function sentence(load) {
  return `${does(load)}: ${because(load.why, load.phase === "heating")}`.replace(/\.?$/, ".");
}

// What would change it, nearest first: "Starts with 140 W more sun, or in 3 min."
export function change(why, heats, nowAt, nextAt) {
  const margins = why?.margins ?? {};
  const ways = Object.entries(margins)
    .filter(([name]) => !TIMES.includes(name))
    .map(([name, value]) => way(name, value));
  const verb = !ways.length ? "flip.time" : heats ? "flip.off" : "flip.on";
  if (margins.wait_s != null) ways.push(t("flip.wait", { time: duration(margins.wait_s) }));
  if (!ways.length && why && known(`until.${why.rule}`)) ways.push(t(`until.${why.rule}`));
  if (!ways.length && nextAt) ways.push(t("flip.at", { time: moment(nextAt, nowAt) }));
  if (!ways.length) return "";
  const text = ways.slice(0, MOST_WAYS).join(t("flip.or"));
  const after = margins.after_s != null ? t("flip.after", { time: duration(margins.after_s) }) : "";
  return t(verb, { ways: text }) + after;
}

function way(name, value) {
  const direction = value > 0 ? "more" : "less";
  const amount = margin(name, Math.abs(value));
  const key = `flip.${name}.${direction}`;
  return known(key) ? t(key, { amount }) : t(`flip.other.${direction}`, { amount, what: name.replaceAll("_", " ") });
}

// A number with the unit that is the last word of its name.
export function margin(name, value) {
  if (name.endsWith("_w")) return watts(value);
  if (name.endsWith("_wh")) return energy(value);
  if (name.endsWith("_percent")) return percent(value, value < 10 ? 1 : 0);
  if (name.endsWith("_c")) return degrees(value);
  if (name.endsWith("_s")) return duration(value);
  return number(value, 1);
}

export const marginName = (name) => (known(`margin.${name}`) ? t(`margin.${name}`) : name.replaceAll("_", " "));
