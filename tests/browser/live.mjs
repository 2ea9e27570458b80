// Follows a run in a browser, from its first seconds to its report: node live.mjs OUT_FOLDER URL
// At 1280 and 390 pixels, light and dark, all at once. Exit 1 where there is a fault; all are printed.
import { chromium } from "playwright-core";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { flags, inspect } from "./inspect.mjs";

const [folder, url] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
const origin = new URL(url).origin;
let faults = 0;

const open = async (width, colorScheme) => {
  const label = `live-${width}-${colorScheme}`;
  const say = fault => { faults++; console.log(`FAULT ${label}: ${fault}`); };
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  page.on("request", request => { if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) say(`a request: ${request.url()}`); });
  page.on("console", message => { if (["error", "warning"].includes(message.type())) say(`console: ${message.text()}`); });
  page.on("pageerror", error => say(`a script failed: ${error.message}`));
  await page.goto(url);
  return { label, say, page };
};
const look = async (view, when) => {
  for (const fault of await view.page.evaluate(inspect)) view.say(`${when}: ${fault}`);
  await view.page.screenshot({ path: join(folder, `${view.label}-${when}.png`), fullPage: true });
};
const charted = page => page.waitForSelector("#rate svg.chart");
// In the page: first and last second that the chart of rates shows.
const shown = () => JSON.parse(document.querySelector("#rate script").textContent).x.slice(0, 2);

const views = [];
for (const width of [1280, 390]) for (const scheme of ["light", "dark"]) views.push(await open(width, scheme));
await Promise.all(views.map(view => charted(view.page)));
for (const view of views) await look(view, "early");
const before = await views[0].page.evaluate(shown);
await views[0].page.waitForTimeout(3000);
const after = await views[0].page.evaluate(shown);
if (!(after[1] > before[1])) views[0].say(`the charts stand still at ${after[1]} s`);
// who comes late has the whole run
await views[1].page.reload();
await charted(views[1].page);
const late = await views[1].page.evaluate(shown);
if (late[0] !== 0 || late[1] < after[1]) views[1].say(`a late reader sees ${late} s, the others ${after} s`);
// a figure under the pointer waits, and can be read
// (found and measured in one step of the page: each second puts a new drawing in its place)
const box = await (await views[0].page.waitForFunction(() => {
  const chart = document.querySelector("#response svg.chart");
  if (!chart) return null;
  chart.scrollIntoView({ block: "center" });
  const { x, y, width, height } = chart.getBoundingClientRect();
  return width > 0 && { x, y, width, height };
})).jsonValue();
await views[0].page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
await views[0].page.waitForTimeout(1500);
if (!/:.*\d/.test(await views[0].page.locator(".tip").innerText())) views[0].say("no number under the pointer");
await views[0].page.mouse.move(1, 1);
for (const view of views) await look(view, "midway");
await Promise.all(views.map(view => view.page.waitForSelector("#report", { timeout: 60000 })));
for (const view of views) await look(view, "end");
for (const view of views) {
  await view.page.click("#report");
  await view.page.waitForSelector("#ledger");
  await look(view, "report");
}
await browser.close();
console.log(`${views.length} browsers followed a run, ${faults} faults`);
process.exit(faults ? 1 : 0);
