// The page at / in a real browser: node page.mjs URL ID:SECRET SCREENSHOT
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(`${process.env.GATEFOLD_CLIENTS}/package.json`);
const puppeteer = require("puppeteer-core");
const [url, key, screenshot] = process.argv.slice(2);
const here = fileURLToPath(new URL("../../testdata", import.meta.url));

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  await page.goto(url);

  const text = (selector) => page.$eval(selector, (element) => element.textContent);
  const until = (test, ...given) => page.waitForFunction(test, { timeout: 20_000 }, ...given);

  // By keyboard alone: a key, then the policy.
  await page.focus("#credentials");
  await page.keyboard.type(key);
  await page.keyboard.press("Enter");
  await until(() => document.getElementById("key-state").textContent.startsWith("Key "));
  await page.select("#policy", "moov");

  const pictures = ["jpeg/baseline-420.jpg", "png/rgb.png", "jpeg/cut-to-20-percent.jpg"];
  const input = await page.$("#files");
  await input.uploadFile(...pictures.map((name) => `${here}/${name}`));
  await until((count) => document.querySelectorAll("#judged article").length === count, 3);
  assert.equal(await text("#judged .rejected .about > .reason code"), "truncated");
  assert.equal((await page.$$("#judged .accepted")).length, 2);
  assert.ok((await page.$$("#judged .accepted .swatches li")).length >= 2);
  assert.match(await text("#judged .accepted .json pre"), /"player_color"/);
  assert.match(await text("#judged .accepted .curl pre"), /^curl /);

  for (const button of await page.$$("#judged .accepted .actions button")) await button.click();
  await until(() => document.querySelectorAll("#judged .actions a").length === 2);
  await until(() => document.querySelectorAll("#list article").length >= 2);

  // A rendition at a size of one's own, and one that the policy does not have.
  const form = await page.$("#list article .renditions");
  const width = await form.$("[name=width]");
  await width.click({ clickCount: 3 });
  await width.type("64");
  await (await form.$("button")).click();
  await until(() => !document.querySelector("#list .renditions figure").hidden);
  assert.match(await text("#list .renditions figcaption"), /^64 × \d+ · /);
  await page.$eval("#list .renditions [name=width]", (own) => (own.value = 0));
  await (await form.$("button")).click();
  await until(() => !document.querySelector("#list .renditions .reason").hidden);
  // The refusal is the only error that may be told of.
  assert.deepEqual(wrong.filter((line) => !line.includes("400")), []);

  // The player plays.
  const play = await page.$("#list .play");
  await play.click();
  assert.equal(await play.evaluate((own) => own.getAttribute("aria-label")), "Pause");
  await play.click();

  // Every control has a name, every picture a text.
  const nameless = await page.evaluate(() => {
    const named = (own) =>
      own.labels?.length || own.textContent.trim() || own.getAttribute("aria-label");
    const controls = [...document.querySelectorAll("button, input, select")].filter((own) => !named(own));
    const images = [...document.images].filter((own) => !own.hasAttribute("alt"));
    return [...controls, ...images].map((own) => own.outerHTML);
  });
  assert.deepEqual(nameless, []);

  // No sideways scrolling on a telephone.
  await page.setViewport({ width: 360, height: 740 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
  if (screenshot) {
    await page.setViewport({ width: 1280, height: 900 });
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: screenshot, fullPage: true });
  }
} finally {
  await browser.close();
}
console.log("the page in Chromium: all passed");
