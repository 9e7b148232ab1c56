// What a browser must show on the tabs Day and History. The home has at least two recorded days, one of them yesterday.

const MOST_MS = 50;
const DRAWN = "svg.chart path.series";

/** The context of `page` has touch where it is narrow. `ok(condition, sentence)` notes a failure, `axe(name)` every violation, `shot(name)` keeps a picture, `say(text)` prints a figure. */
export async function chartChecks({ page, base, ok, axe, shot, say = console.log }) {
  const narrow = page.viewportSize().width < 640;
  await dayChecks({ page, base, ok, axe, shot, narrow });
  await historyChecks({ page, base, ok, axe, shot });
  await troubleChecks({ page, base, ok });
  await drawingTime({ page, say });
}

const texts = (page, selector) => page.locator(selector).allTextContents();
const opened = async (page, base, hash) => {
  await page.goto(`${base}#settings`); // so that no picture of the page before is taken for this one
  await page.locator(DRAWN).first().waitFor({ state: "detached" });
  await page.goto(`${base}#${hash}`);
  await page.locator(DRAWN).first().waitFor();
};

async function dayChecks({ page, base, ok, axe, shot, narrow }) {
  await opened(page, base, "day");
  await page.locator("[aria-pressed]").first().click();
  await page.locator('.seg [aria-pressed="true"]:first-child').waitFor();
  await page.locator(DRAWN).first().waitFor();
  ok((await page.locator(".seg :focus").count()) === 1, "the button that was pressed keeps the focus when another day comes");

  const picture = page.locator("svg.chart");
  const sentence = await picture.getAttribute("aria-label");
  ok((await picture.getAttribute("role")) === "img" && /\d.*kWh/.test(sentence), `the picture says in a sentence what it shows: ${sentence}`);
  const box = await picture.boundingBox();
  ok(box.x >= 0 && box.x + box.width <= page.viewportSize().width, "the chart is no wider than the screen");
  ok((await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)), "Day does not scroll sideways");
  const ticks = await texts(page, "svg.chart text.tick");
  ok(ticks.some((text) => /\d k?W$/.test(text)) && ticks.includes("100 %"), `both scales have units: ${ticks}`);
  ok(["00", "12", "24"].every((hour) => ticks.includes(hour)), `the axis runs from midnight to midnight: ${ticks}`);

  const cursor = page.getByRole("slider");
  await cursor.focus();
  await page.keyboard.press("Home");
  for (let i = 0; i < 12; i++) await page.keyboard.press("PageUp");
  const noon = await cursor.getAttribute("aria-valuetext");
  ok(/^12:0\d/.test(noon) && /\d/.test(noon.slice(5)), `twelve hours on by keyboard the cursor says noon and its values: ${noon}`);
  await page.keyboard.press("Escape");
  ok(!/^12:/.test(await cursor.getAttribute("aria-valuetext")), "Escape puts the cursor away");
  const place = await cursor.boundingBox();
  const half = { x: place.x + place.width / 2, y: place.y + place.height / 2 };
  if (narrow) await page.touchscreen.tap(half.x, half.y);
  else await page.mouse.move(half.x, half.y);
  const values = await texts(page, ".chart-legend b");
  ok(/^\d\d:\d\d/.test((await texts(page, ".chart-at"))[0]) && values.some((value) => /W$/.test(value)), `the pointer shows values at its place: ${values}`);
  await page.keyboard.press("Escape");

  await cursor.focus();
  await page.keyboard.press("Enter");
  const reason = page.locator(".chosen-change [role=status]");
  await reason.waitFor();
  ok((await page.locator(".chart-cursor:focus").count()) === 1, "the cursor keeps the focus when a reason is shown");
  const first = await reason.innerText();
  ok(/^\d\d:\d\d .+\n.{5,}/.test(first), `a mark says when, what and why: ${first}`);
  const steps = page.locator(".chosen-change button:enabled");
  if (await steps.count()) {
    await steps.first().click();
    ok((await reason.innerText()) !== first, "the buttons beside it go to the change before or after");
  }
  await shot("day");
  await axe("Day");

  for (const fold of await page.locator("details > summary").all()) await fold.click();
  await page.locator("table.numbers tbody tr").first().waitFor();
  const rows = await page.locator("table.numbers tbody tr").count();
  ok(rows >= 92 && rows <= 100, `the table has a row a quarter hour: ${rows}`);
  ok((await page.locator("table.words tbody tr").count()) > 0, "the changes stand as a list with their reasons");
  await axe("Day with its tables");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  ok(/^\d{4}-\d\d-\d\d\.csv$/.test(file.suggestedFilename()), "the day can be saved as CSV");

  await page.locator(".seg button").last().click();
  await page.locator('.seg [aria-pressed="true"]:last-child').waitFor();
  await page.locator(`${DRAWN}, .view p.card`).first().waitFor();
  await shot("day_tomorrow");
  await axe("Tomorrow");
  await page.goto(`${base}#day/2001-01-01`);
  await page.locator(".view p.card").filter({ hasText: /\w/ }).first().waitFor();
  ok((await page.locator(DRAWN).count()) === 0, "a day without records says so in words");
}

async function historyChecks({ page, base, ok, axe, shot }) {
  for (const [unit, bars] of [["day", 28], ["week", 52], ["month", 12], ["year", 3]]) {
    await opened(page, base, `history/${unit}`);
    await page.locator(`.seg [aria-pressed="true"]`).waitFor();
    ok((await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)), `History by ${unit} does not scroll sideways`);
    const most = Number(await page.getByRole("slider").first().getAttribute("aria-valuemax"));
    ok(most + 1 >= bars, `History by ${unit} has at least ${bars} places: ${most + 1}`);
    if (unit === "day") {
      await shot("history");
      await axe("History");
    }
  }
  await opened(page, base, "history/month");
  const loads = await texts(page, ".view section.card > h3");
  ok(loads.length > 0, `each load has a card of its own: ${loads}`);
  await page.locator("details > summary").last().click();
  await page.locator("table.numbers thead th").first().waitFor(); // drawn when it is opened
  const heads = await texts(page, "table.numbers thead th");
  ok(loads.every((load) => heads.some((head) => head.startsWith(load))), `the table has columns for each load: ${heads}`);
  await axe("History with its table");
}

/** Refusals, on a page of their own: a browser writes each of them on its console. */
async function troubleChecks({ page, base, ok }) {
  const other = await page.context().newPage();
  const refuse = (status, detail) => other.route("**/api/v1/days?*", (route) =>
    route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify({ title: "History", status, detail }) }));
  const alert = other.locator(".view [role=alert]");
  for (const tab of ["day", "history"]) {
    await refuse(503, "The history cannot be read: the disk is full.");
    await other.goto(`${base}#${tab}`);
    await alert.waitFor();
    ok((await alert.innerText()).includes("the disk is full"), `${tab} says what the controller said`);
    await other.unroute("**/api/v1/days?*");
    await alert.getByRole("button").click();
    await other.locator(DRAWN).first().waitFor();
    ok((await alert.count()) === 0, `${tab} is drawn once the history answers again`);
  }
  await refuse(404, "There is no such thing.");
  await other.goto(`${base}#history/year`);
  await alert.waitFor();
  ok((await alert.getByRole("button").count()) === 0, "where no history is kept there is nothing to try again");
  await other.close();
}

/** A day of 1,440 points in ten series: script, styles and layout, without the time that the picture takes to the screen. */
async function drawingTime({ page, say }) {
  const times = await page.evaluate(async () => {
    const address = document.querySelector('script[type="module"]').src.replace(/[^/]*$/, "chart.js");
    const { chart } = await import(address);
    const host = document.querySelector(".view").appendChild(document.createElement("div"));
    const picture = chart(host), found = [];
    const series = Array.from({ length: 10 }, (_, s) => ({
      name: `series ${s}`, hue: `load${s % 6}`, kind: s % 2 ? "line" : "area", stack: s % 4 ? null : "loads", hatch: s % 4, start: 0, step: 1, format: String,
      values: Array.from({ length: 1440 }, (_, i) => (i % 97 === s ? null : 1000 + 800 * Math.sin(i / 100 + s) + ((i * 7919 + s * 104729) % 300))),
    }));
    const x = { from: 0, to: 1440, step: 5, ticks: [0, 6, 12, 18, 24].map((hour) => ({ at: hour * 60, text: String(hour) })), format: String };
    for (let i = 0; i < 15; i++) {
      const begin = performance.now();
      picture.draw({ label: "timing", say: "timing", rest: "", now: 700, x, panels: [{ height: 216, least: 1000, unit: String, series }] });
      host.getBoundingClientRect();
      found.push(performance.now() - begin);
    }
    picture.close();
    host.remove();
    return found.sort((a, b) => a - b);
  });
  const [least, median] = [times[0], times[7]].map((time) => time.toFixed(1));
  say(`1,440 points x 10 series drawn in ${median} ms (median of 15, least ${least}; at most ${MOST_MS} on a quiet machine)`);
}
