// The page in a real browser against the running program. Called by tests/web/test_browser.py with one JSON argument:
// { base, live, recorded, chromium, password, name, load, setting } - prints one line of JSON for each thing that was looked at.
// `base` is the demo, which plays a day quickly; `live` a home whose settings can be changed and which keeps a history.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const asked = JSON.parse(process.argv[2]);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const WITHIN = { timeout: 20_000 };
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 860 };

const say = (line) => console.log(JSON.stringify(line));
const ok = (condition, check, detail = "") => say({ check, ok: Boolean(condition), detail: condition ? "" : String(detail) });

async function look(check, action) {
  try {
    await action();
  } catch (error) {
    ok(false, check, error.stack);
  }
}

const browser = await chromium.launch({ executablePath: asked.chromium, args: FLAGS });

// A browser of somebody: what it asks for elsewhere, complains of on its console, and how it is logged in.
async function person(options = {}, base = asked.base) {
  const context = await browser.newContext({ viewport: PHONE, colorScheme: "light", locale: "en-GB", bypassCSP: false, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WITHIN.timeout);
  const heard = { elsewhere: [], console: [], quiet: false, status: null };
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) heard.elsewhere.push(request.url());
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !heard.quiet) heard.console.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => heard.console.push(error.stack));
  page.on("response", async (response) => {
    if (response.url().endsWith("/status") && response.status() === 200) heard.status = await response.json().catch(() => null);
  });
  return { context, page, heard };
}

async function open(page, hash = "", base = asked.base) {
  await page.goto(base + hash);
  await page.waitForSelector(".pill:not(.starting)");
}

async function go(page, hash) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.waitForSelector(`.view.${hash.split("/")[0]} > *`);
}

// axe needs no network and no markup; it is run beside the page, as its rules on scripts allow.
async function axe(page, name) {
  await page.evaluate(AXE);
  const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), RULES);
  const told = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
  ok(!told.length, `axe: ${name}`, told.join("\n"));
}

async function fits(page, name) {
  const wide = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  ok(wide[0] <= wide[1], `nothing is cut off or scrolls sideways: ${name}`, wide.join(" > "));
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, a, select, summary, input:not([type=checkbox])")]
      .filter((one) => one.checkVisibility() && !one.classList.contains("skip"))
      .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 90)])
      .filter(([box]) => box.height > 0 && box.height < 43.5)
      .map(([box, html]) => `${box.height} px: ${html}`),
  );
  ok(!small.length, `targets are 44 px high: ${name}`, small.join("\n"));
}

const load = (page) => page.locator(".card.load").first();
const modeOf = (page, text) => load(page).locator(".seg button", { hasText: text });
const pressed = (page, text) => page.waitForFunction(
  (name) => [...document.querySelectorAll(".card.load .seg [aria-pressed=true]")].some((one) => one.textContent.startsWith(name) && !one.classList.contains("pending")),
  text,
  WITHIN,
);

if (asked.pictures) {
  for (const [name, options, address = ""] of [["390_light", {}], ["390_dark", { colorScheme: "dark" }], ["1280_light", { viewport: DESK }], ["wall_dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }, "?view=wall"]]) {
    const one = await person(options);
    await open(one.page, address);
    await one.page.waitForTimeout(2500);
    await one.page.screenshot({ path: `${asked.pictures}/page_${name}.png` });
    await one.context.close();
  }
  await browser.close();
  say({ done: true });
  process.exit(0);
}

const me = await person();
const { page, heard } = me;

await look("login", async () => {
  await open(page);
  ok((await page.textContent("h1")) === asked.name, "the name of the home is text, whatever it holds", await page.textContent("h1"));
  await modeOf(page, "On").click();
  await page.waitForSelector("dialog[open] input[type=password]");
  await axe(page, "login");
  heard.quiet = true;
  await page.fill("input[type=password]", "certainly wrong");
  await page.click("dialog .main");
  await page.waitForFunction(() => document.querySelector("dialog .bad")?.textContent);
  heard.quiet = false;
  await logIn(page);
  ok(true, "login: a wrong password is refused in words, the right one logs in");
});

await look("flows", async () => {
  await page.waitForFunction(() => /W$/.test(document.querySelector(".node.solar .value")?.textContent ?? ""));
  let shown;
  let wanted;
  for (let tries = 0; tries < 40; tries += 1) {
    const { flows } = heard.status;
    const text = (w) => (Math.abs(w) < 999.5 ? `${Math.round(Math.abs(w))} W` : `${(Math.abs(w) / 1000).toFixed(2)} kW`);
    wanted = [flows.pv_w, flows.battery_w, flows.house_w, flows.loads_w].map(text).join(", ");
    shown = (await page.$$eval(".node.solar .value, .node.battery .value, .node.house .value, .node.loads .value", (all) => all.map((one) => one.textContent))).join(", ");
    if (shown === wanted) break;
    await page.waitForTimeout(100);
  }
  ok(shown === wanted, "flows: the picture shows what the API says", `${shown} instead of ${wanted}`);
  const label = await page.getAttribute(".flow", "aria-label");
  ok(/Solar .*W/.test(label) && /Grid .*W/.test(label), "flows: the picture is a sentence for who cannot see it", label);
  await page.click(".flow-card .details");
  await page.waitForSelector("dialog[open] table");
  ok((await page.textContent("dialog table")).includes("Battery charge"), "flows: the same numbers as a table");
  await axe(page, "details");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog:not([open])", { state: "attached" });
});

await look("why", async () => {
  const why = await load(page).locator(".why").textContent();
  const flip = await load(page).locator(".flip").textContent();
  ok(why.length > 15 && why.includes(":"), "why: the card says why", why);
  ok(flip.length > 8, "why: and what would change it", flip);
  await load(page).locator("h2 a").click();
  await page.waitForSelector(".entries li");
  ok((await page.$$(".facts dt")).length >= 4, "why: the load's page has the record and what happened");
});

await look("focus", async () => {
  await go(page, "now");
  await modeOf(page, "Auto").focus();
  const before = heard.status.now;
  for (let tries = 0; heard.status.now === before && tries < 100; tries += 1) await page.waitForTimeout(100);
  await page.waitForTimeout(300);
  ok(await modeOf(page, "Auto").evaluate((one) => one === document.activeElement), "the focus stays over refreshes");
});

await look("force", async () => {
  const other = await person();
  await open(other.page);
  await modeOf(page, "On").click();
  await page.locator("dialog .chip", { hasText: "10 min" }).click();
  await axe(page, "how long");
  await page.locator("dialog .main").click();
  await pressed(page, "On");
  const text = await load(page).locator(".forced").textContent();
  ok(/On until \d\d:\d\d, then Auto\./.test(text) && /\d:\d\d/.test(text), "force: on for ten minutes, with its end and a countdown", text);
  await pressed(other.page, "On");
  ok(true, "force: another browser sees the same");
  await pressed(page, "Auto");
  ok(true, "force: after ten minutes of the home it is Auto again by itself");
  await modeOf(page, "Off").click();
  await page.locator("dialog .main").click();
  await pressed(page, "Off");
  await load(page).locator(".forced button").click();
  await pressed(page, "Auto");
  ok(true, "force: off, and back to Auto by hand");
  await other.context.close();
});

async function logIn(page) {
  await page.fill("input[type=password]", asked.password);
  await page.click("dialog .main");
  await page.waitForSelector("dialog:not([open])", { state: "attached" });
}

await look("settings", async () => {
  const one = await person({}, asked.live);
  await open(one.page, "#settings", asked.live);
  await one.page.locator("#main button", { hasText: /^Log in$/ }).click();
  await one.page.waitForSelector("dialog[open] input[type=password]");
  await logIn(one.page);
  await one.page.locator("summary", { hasText: "Limits" }).click();
  const field = one.page.locator(`[id="set ${asked.setting.path}"]`);
  await field.fill("-5");
  await field.blur();
  await one.page.locator(".bar .main").click();
  one.heard.quiet = true;
  await one.page.locator("dialog .main").click();
  await one.page.waitForSelector(".setting .bad");
  one.heard.quiet = false;
  ok(true, "settings: what the file would refuse is refused, beside the field");
  await field.fill(String(asked.setting.value));
  await field.blur();
  await one.page.locator(".bar .main").click();
  const listed = await one.page.textContent("dialog table");
  ok(listed.includes(asked.setting.path) && listed.includes("→"), "settings: what changes is listed before it is saved", listed);
  await axe(one.page, "changes");
  await one.page.locator("dialog .main").click();
  await one.page.waitForFunction(() => !document.querySelector(".bar") && document.querySelector(".toast:not(.bad)"));
  ok(true, "settings: saved");
  await axe(one.page, "settings");
  await fits(one.page, "settings");
  ok(!one.heard.console.length, "nothing on the console: settings", one.heard.console.join("\n"));
  await one.context.close();
});

const VIEWS = [
  ["phone, light", { viewport: PHONE, colorScheme: "light" }],
  ["phone, dark", { viewport: PHONE, colorScheme: "dark" }],
  ["desk, light", { viewport: DESK, colorScheme: "light" }],
  ["desk, dark", { viewport: DESK, colorScheme: "dark" }],
];
const state = await me.context.storageState();
for (const [name, options] of VIEWS) {
  const one = await person({ ...options, storageState: state });
  await look(name, async () => {
    await open(one.page);
    await axe(one.page, `now, ${name}`);
    await fits(one.page, `now, ${name}`);
    const pages = name.startsWith("phone") ? [`load/${asked.load}`, "settings", "sources"] : ["settings"];
    for (const hash of pages) {
      await go(one.page, hash);
      await fits(one.page, `${hash}, ${name}`);
      if (name !== "phone, light") await axe(one.page, `${hash}, ${name}`);
    }
  });
  ok(!one.heard.console.length, `nothing on the console: ${name}`, one.heard.console.join("\n"));
  ok(!one.heard.elsewhere.length, `nothing is asked of others: ${name}`, one.heard.elsewhere.join(" "));
  await one.context.close();
}

await look("languages", async () => {
  for (const [locale, name, off] of [["de-AT", "de", "Aus"], ["fr-FR", "fr", "Arrêt"]]) {
    const one = await person({ locale, storageState: state });
    await open(one.page);
    ok((await one.page.getAttribute("html", "lang")) === name, `${name}: the browser's language is spoken`);
    ok((await load(one.page).locator(".seg button").first().textContent()) === off, `${name}: its words`);
    await go(one.page, "settings");
    await fits(one.page, `${name}, phone`);
    await one.context.close();
  }
});

await look("wall", async () => {
  for (const [name, options] of [["wall, dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }], ["wall, phone", {}]]) {
    const one = await person({ ...options, storageState: state });
    await open(one.page, "?view=wall");
    await one.page.waitForFunction(() => /\d/.test(document.querySelector(".tile.solar b")?.textContent ?? ""));
    const [touched, height, over] = await one.page.evaluate(() => [
      document.querySelectorAll("a, button, input, select, dialog[open]").length,
      Math.min(...[...document.querySelectorAll(".tile b")].map((each) => parseFloat(getComputedStyle(each).fontSize))),
      [...document.querySelectorAll(".tile b")].some((each) => each.scrollWidth > each.parentElement.clientWidth),
    ]);
    ok(touched === 0, `there is nothing to touch: ${name}`, touched);
    ok(height >= (name === "wall, dark" ? 64 : 36) && !over, `its numbers are large and within their tiles: ${name}`, `${height} px`);
    await axe(one.page, name);
    ok(!one.heard.console.length, `nothing on the console: ${name}`, one.heard.console.join("\n"));
    await one.context.close();
  }
});

await look("large text", async () => {
  await go(page, "now");
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  const wide = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  ok(wide[0] <= wide[1], "with text of twice the size nothing is lost", wide.join(" > "));
  await page.evaluate(() => (document.documentElement.style.fontSize = ""));
});

await look("without network", async () => {
  await page.waitForFunction(() => navigator.serviceWorker?.controller);
  heard.quiet = true;
  await me.context.setOffline(true);
  await page.waitForFunction(() => document.querySelector(".pill.lost")?.textContent.includes("no connection since"));
  ok(/W$/.test(await page.textContent(".node.solar .value")), "without network the last numbers stay, greyed, and the time since when");
  await go(page, "settings");
  ok((await page.$$(".view.settings .card")).length > 2, "without network the other pages open");
  await page.reload();
  await page.waitForFunction(() => document.querySelector(".pill.lost"));
  ok(true, "without network the page itself opens and says that nobody answers");
  await me.context.setOffline(false);
  await page.waitForSelector(".pill.live");
  heard.quiet = false;
});

await look("logout", async () => {
  await go(page, "settings");
  await page.locator("button", { hasText: /^Log out$/ }).click();
  await page.locator("#main button", { hasText: /^Log in$/ }).waitFor();
  await go(page, "now");
  await modeOf(page, "Off").click();
  await page.waitForSelector("dialog[open] input[type=password]");
  ok(true, "logout: afterwards a button asks for the login");
});

ok(!heard.console.length, "nothing on the console", heard.console.join("\n"));
ok(!heard.elsewhere.length, "nothing is asked of others", heard.elsewhere.join(" "));

if (asked.measure) {
  const times = [];
  for (let count = 0; count < 5; count += 1) {
    const one = await person();
    await open(one.page);
    times.push(await one.page.evaluate(() => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd));
    await one.context.close();
  }
  say({ figure: "DOM ready, median of 5 loads, ms", value: Math.round(times.sort((a, b) => a - b)[2]) });
}

if (asked.recorded) {
  const { chartChecks } = await import("./charts.mjs");
  for (const [name, options] of [["phone", { hasTouch: true }], ["desk, dark", { viewport: DESK, colorScheme: "dark" }]]) {
    const one = await person(options, asked.recorded);
    const note = (condition, sentence) => ok(condition, `${sentence} (${name})`);
    await look(`days, ${name}`, () =>
      chartChecks({ page: one.page, base: asked.recorded, ok: note, axe: (what) => axe(one.page, `${what}, ${name}`), shot: async () => {}, say: (text) => say({ figure: text }) }),
    );
    ok(!one.heard.console.length, `nothing on the console: days, ${name}`, one.heard.console.join("\n"));
    await one.context.close();
  }
}

await browser.close();
say({ done: true });
