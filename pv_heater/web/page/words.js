// Words, numbers and reasons in the reader's language, clock times in the zone of the home.

const LANGUAGES = ["en", "de", "fr"];
let words = {};
let whole = null;
let all = false;
let language = "en";
let zone = "UTC";
const made = new Map();

export const languages = () => LANGUAGES;
export const lang = () => language;
export const zoneOfHome = () => zone;

export function preferredLanguage() {
  const chosen = localStorage.getItem("language");
  const wanted = chosen ? [chosen] : navigator.languages.map((name) => name.slice(0, 2));
  return wanted.find((name) => LANGUAGES.includes(name)) ?? "en";
}

const read = async (name) => (await fetch(new URL(`lang/${name}.json`, import.meta.url))).json();

export async function speak(name) {
  words = await read(name);
  whole = null;
  all = false;
  language = name;
  made.clear();
  document.documentElement.lang = name;
}

export function setZone(name) {
  if (name === zone) return;
  zone = name;
  made.clear();
}

export const known = (key) => key in words;

// What is rare on the first page, and all that the others say.
export function speakMore() {
  const name = language;
  const add = (more) => {
    if (name === language) Object.assign(words, more), (all = true);
  };
  whole ??= read(`${name}.more`).then(add, (error) => {
    whole = null;
    throw error;
  });
  return whole;
}

// A key that is not among the first words: they are fetched, and each second is drawn anew.
function late(key) {
  if (all) return key;
  speakMore().catch(() => {});
  return "…";
}

// The sentence of a key, with {name} replaced; a key that has none stands for itself, so that nothing is hidden.
export function t(key, values = {}) {
  const text = words[key] ?? late(key);
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function format(kind, options) {
  const key = `${kind} ${JSON.stringify(options)}`;
  if (!made.has(key)) {
    const region = language === "en" ? "en-GB" : language;
    made.set(key, kind === "number" ? new Intl.NumberFormat(region, options) : dates(region, options));
  }
  return made.get(key);
}

function dates(region, options) {
  try {
    return new Intl.DateTimeFormat(region, { timeZone: zone, ...options });
  } catch {
    return new Intl.DateTimeFormat(region, { timeZone: "UTC", ...options });
  }
}

export const NOTHING = "–";
const missing = (value) => value == null || Number.isNaN(value);
const minus = (text) => text.replace("-", "−");

export function number(value, digits = 0) {
  if (missing(value)) return NOTHING;
  return minus(format("number", { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value + 0 || 0));
}

// Watts below a kilowatt, two digits from there on.
export function watts(value) {
  if (missing(value)) return NOTHING;
  return Math.abs(value) < 999.5 ? `${number(Math.round(value))} W` : `${number(value / 1000, 2)} kW`;
}

export function energy(valueWh) {
  if (missing(valueWh)) return NOTHING;
  return Math.abs(valueWh) < 99.5 ? `${number(Math.round(valueWh))} Wh` : `${number(valueWh / 1000, 1)} kWh`;
}

export const percent = (value, digits = 0) => (missing(value) ? NOTHING : `${number(value, digits)} %`);
export const degrees = (value, digits = 1) => (missing(value) ? NOTHING : `${number(value, digits)} °C`);

export const clock = (at) => format("date", { hour: "2-digit", minute: "2-digit" }).format(new Date(at));

export const date = (at, options = { weekday: "short", day: "numeric", month: "short" }) =>
  format("date", options).format(new Date(at));

const dayOf = (at) => format("date", { year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(at));

// A clock time, with its day where that is not today's.
export function moment(at, nowAt) {
  const same = nowAt === undefined || dayOf(at) === dayOf(nowAt);
  return same ? clock(at) : `${date(at, { weekday: "short", day: "numeric", month: "numeric" })} ${clock(at)}`;
}

// A length of time as people say it: 45 s, 12 min, 7 h 12 min, 3 days.
export function duration(seconds) {
  if (missing(seconds)) return NOTHING;
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${number(s)} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 90) return `${number(minutes)} min`;
  if (minutes >= 48 * 60) return t("time.days", { count: number(Math.round(minutes / 1440)) });
  return minutes % 60 ? `${number(Math.floor(minutes / 60))} h ${number(minutes % 60)} min` : `${number(minutes / 60)} h`;
}

// 0:42, 12:05, 1:59:30
export function countdown(seconds) {
  const s = Math.max(0, Math.round(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor((s % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

// water_heater -> Water heater: names in the settings are words for machines.
export const title = (name) => capital(name).replaceAll("_", " ");

export const lostName = (cause) => (known(`lost.${cause}`) ? t(`lost.${cause}`) : cause.replaceAll("_", " "));

// Why a load does what it does, and what would change it, worded from the id of the rule and its numbers.

const SHORT = 150;
const TIMES = ["wait_s", "after_s"];
const MOST_WAYS = 2;

// What a load does, as the beginning of a sentence: "Heats with 1.20 kW".
export function does(load) {
  const values = { power: watts(load.power_w) };
  return t(`does.${load.phase}`, values);
}

// An alarm as a sentence's beginning: of which load, and what is wrong.
export function alarming({ load, code, text }) {
  const what = because({ rule: code, because: text });
  return load ? `${title(load)}${colon()}${what}` : capital(what);
}

// Why, without its subject. The log's own English sentence has more numbers, so English readers get that.
export function because(why, heats = false) {
  if (!why?.rule) return why?.because ?? "";
  if (language === "en" && why.because && why.because.length <= SHORT) return why.because.replaceAll("degC", "°C");
  if (known(`rule.${why.rule}`)) return ruleName(why.rule, heats);
  late();
  return why.because;
}

export function ruleName(rule, heats = false) {
  const key = heats && known(`rule.${rule}.on`) ? `rule.${rule}.on` : `rule.${rule}`;
  return known(key) ? t(key) : rule.replaceAll("_", " ");
}

export const colon = () => (language === "fr" ? "\u00a0: " : ": ");
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// A whole sentence: "Heats with 1.20 kW: more sun than the house uses."
export function sentence(load) {
  return `${does(load)}${colon()}${because(load.why, load.phase === "heating")}`.replace(/\.?$/, ".");
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
