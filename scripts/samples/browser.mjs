// Chromium with one page of the origin that is given. Each line on standard input names a module of that origin and the arguments of the function
// that it exports; each line on standard output says what came of it.

import { createInterface } from "node:readline";

import { chromium } from "../../e2e/node_modules/playwright-core/index.mjs";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const page = await browser.newPage();
await page.goto(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await page.evaluate(async ({ file, arguments: given }) => {
    try {
      const [run] = Object.values(await import(`/${file}`));
      return { result: await run(...given) };
    } catch (error) {
      return { error: String(error) };
    }
  }, JSON.parse(line));
  console.log(JSON.stringify(outcome));
}
await browser.close();
