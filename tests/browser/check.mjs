// Looks at reports in a browser: node check.mjs OUT_FOLDER REPORT.html ...
// Each at 1280 and 390 pixels, light and dark, with and without scripts, and printed. Exit 1 on the first run with a fault; all are printed.
import { chromium } from "playwright-core";
import { mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { flags, inspect } from "./inspect.mjs";

const [folder, ...reports] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
let faults = 0, looked = 0;

const hover = async (page, say) => {
  const figures = page.locator("figure:has(script)");
  for (let n = 0; n < await figures.count(); n++) {
    const figure = figures.nth(n), svg = figure.locator("svg.chart");
    await svg.scrollIntoViewIfNeeded();
    const box = await svg.boundingBox();
    let text = "";
    for (const down of [0.5, 0.35, 0.65, 0.25, 0.75]) { // a heat map may be empty in its middle
      await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * down);
      const tip = page.locator(".tip");
      if (await tip.isVisible()) text = await tip.innerText();
      if (text) break;
    }
    if (!/:.*\d/.test(text)) say(`${await figure.getAttribute("id")}: no number under the pointer: "${text}"`);
  }
};

const switches = async (page, say) => {
  const figure = page.locator("figure:has(ul.switches)").first();
  if (!await figure.count()) return;
  const layer = figure.locator("[data-layer='0']");
  const button = figure.locator("ul.switches button").first();
  await button.click();
  if (await layer.getAttribute("display") !== "none") say("a switch does not switch its line off");
  await button.click();
  if (await layer.getAttribute("display") !== null) say("a switch does not switch its line on again");
};

const zoom = async (page, say) => {
  const figure = page.locator("figure:has(svg.zooms)").first(), view = figure.locator("svg.view");
  if (!await figure.count()) return;
  const before = await view.getAttribute("viewBox");
  await figure.scrollIntoViewIfNeeded();
  const box = await figure.locator("svg.chart").boundingBox();
  await page.mouse.move(box.x + box.width * 0.35, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.65, box.y + box.height * 0.5, { steps: 4 });
  await page.mouse.up();
  const after = await view.getAttribute("viewBox");
  if (after === before) return say("dragging does not zoom");
  for (const fault of await page.evaluate(inspect).then(all => all.filter(f => f.includes("lies on") || f.includes("stands out")))) say(`zoomed: ${fault}`);
  await figure.locator("button.reset").click();
  if (await view.getAttribute("viewBox") !== before) say("the whole run does not come back");
};

// On paper, also where the screen is dark: light, nothing wider than the page, no label below 6 points.
const printed = async (page, say) => {
  await page.setViewportSize({ width: 700, height: 1000 }); // A4 without its margins
  await page.emulateMedia({ media: "print" });
  const faults = await page.evaluate(() => {
    const found = [];
    const paper = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    if (Math.min(...paper) < 200) found.push(`the paper is ${paper}`);
    for (const part of document.querySelectorAll("svg.chart, table")) {
      const box = part.getBoundingClientRect();
      if (box.right > document.documentElement.clientWidth + 1) found.push(`${part.getAttribute("aria-label") ?? part.closest(".grid")?.id}: cut at the right by ${box.right - document.documentElement.clientWidth} px`);
    }
    for (const svg of document.querySelectorAll("svg.chart")) for (const words of svg.querySelectorAll("text")) {
      const box = words.getBoundingClientRect();
      if (box.width > 0 && box.height < 8) found.push(`${svg.getAttribute("aria-label")}: "${words.textContent}" is ${box.height} px high`);
    }
    return found;
  });
  for (const fault of faults) say(`printed: ${fault}`);
};

for (const report of reports) {
  for (const width of [1280, 390]) for (const colorScheme of ["light", "dark"]) for (const javaScriptEnabled of [true, false]) {
    const label = `${basename(dirname(resolve(report)))}-${width}-${colorScheme}-${javaScriptEnabled ? "scripts" : "plain"}`;
    const say = fault => { faults++; console.log(`FAULT ${label}: ${fault}`); };
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled });
    const page = await context.newPage();
    const address = pathToFileURL(resolve(report)).href;
    page.on("request", request => { if (request.url() !== address && !request.url().startsWith("data:")) say(`a request: ${request.url()}`); });
    page.on("console", message => { if (["error", "warning"].includes(message.type())) say(`console: ${message.text()}`); });
    page.on("pageerror", error => say(`a script failed: ${error.message}`));
    page.on("dialog", dialog => { say(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
    await page.goto(address);
    for (const fault of await page.evaluate(inspect)) say(fault);
    await page.screenshot({ path: join(folder, `${label}.png`), fullPage: true });
    if (javaScriptEnabled) {
      await hover(page, say);
      await page.screenshot({ path: join(folder, `${label}-hover.png`) });
      await switches(page, say);
      await zoom(page, say);
      if (width === 1280 && colorScheme === "dark") await printed(page, say);
    } else {
      // as a server does that blocks styles too
      await page.evaluate(() => document.querySelectorAll("style").forEach(style => style.remove()));
      for (const fault of await page.evaluate(inspect).then(all => all.filter(f => f.includes("marks") || f.includes(" by ") || f.includes("charts")))) say(`without style: ${fault}`);
      if (width === 1280 && colorScheme === "light") await page.screenshot({ path: join(folder, `${label}-bare.png`), fullPage: true });
    }
    await context.close();
    looked++;
  }
}
await browser.close();
console.log(`${looked} views of ${reports.length} reports, ${faults} faults`);
process.exit(faults || !looked ? 1 : 0);
