// Opens a page, waits for it to end with `done`, and prints what it was told: node browser.mjs URL
import { createRequire } from "node:module";

const require = createRequire(`${process.env.GATEFOLD_CLIENTS}/package.json`);
const browser = await require("puppeteer-core").launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
try {
  const page = await browser.newPage();
  await page.goto(process.argv[2]);
  const told = () => document.getElementById("told").textContent;
  await page.waitForFunction(`(${told})().endsWith("done")`, { timeout: 60_000 });
  console.log(await page.evaluate(told));
} finally {
  await browser.close();
}
