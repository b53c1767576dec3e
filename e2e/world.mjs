// What a spec needs: the real binary on a directory and port of its own, and a browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

export const ADMIN = "admin";
export const PASSWORD = "plume otter lantern gravel";

// The widths and themes in which every page is looked at.
const VIEWS = [
  { name: "wide-light", width: 1280, colorScheme: "light" },
  { name: "wide-dark", width: 1280, colorScheme: "dark" },
  { name: "narrow-light", width: 320, colorScheme: "light" },
  { name: "narrow-dark", width: 320, colorScheme: "dark" },
];

export class World {
  // A server, with an administrator unless `bare`, and a browser.
  static async start({ bare = false, env = {} } = {}) {
    const world = new World();
    world.folder = await mkdtemp(join(tmpdir(), "keybearer-e2e-"));
    const admin = bare ? {} : { KEYBEARER_ADMIN_USERNAME: ADMIN, KEYBEARER_ADMIN_PASSWORD: PASSWORD };
    world.process = spawn(process.env.KEYBEARER_BIN, [], {
      cwd: world.folder,
      env: { PATH: process.env.PATH, KEYBEARER_DATA_DIR: join(world.folder, "data"), KEYBEARER_LISTEN: "127.0.0.1:0", ...admin, ...env },
      stdio: ["ignore", "pipe", "ignore"],
    });
    for await (const line of createInterface({ input: world.process.stdout })) {
      world.setupLink ??= line.match(/http:\S+\/setup\/\S+/)?.[0];
      world.url = line.match(/ listening on (\S+)$/)?.[1];
      if (world.url) break;
    }
    assert.ok(world.url, "the server starts");
    world.browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
    return world;
  }

  async end() {
    await this.browser?.close();
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }

  // A browser of its own, without cookies. What a page logs as an error fails the test that asks `quiet`.
  async visitor(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, locale: "en-GB", reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(10_000);
    context.complaints = [];
    const complain = (text) => context.complaints.push(text);
    context.on("console", (message) => message.type() === "error" && !/status of 4/.test(message.text()) && complain(message.text()));
    context.on("weberror", (error) => complain(String(error.error())));
    return context;
  }

  // A call of the API; the answer as JSON.
  async api(method, path, { token, body } = {}) {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { "content-type": "application/json" }) };
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, json: text ? JSON.parse(text) : null };
  }

  // The token of a new session.
  async token(username = ADMIN, password = PASSWORD) {
    const { json } = await this.api("POST", "/v1/sessions", { body: { username, password } });
    return json.token;
  }

  // A new account; its number.
  async account(username, role = "user") {
    const { status, json } = await this.api("POST", "/v1/accounts", {
      token: await this.token(),
      body: { username, password: PASSWORD, role },
    });
    assert.equal(status, 201);
    return json.id;
  }
}

// Fills in the form of /sign-in.
export async function signIn(page, username = ADMIN, password = PASSWORD) {
  await page.goto("/sign-in");
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}

// What axe looks for, and it tells only of what it finds: to tell of all that is well takes most of the time. It runs in the page itself, which
// is the same for pages without frames; and ours have none.
export function axe(page) {
  assert.equal(page.frames().length, 1, "there are no frames");
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  return new AxeBuilder({ page }).options({ runOnly: tags, resultTypes: ["violations"] }).setLegacyMode();
}

// Looks at a page at both widths and in both themes: axe finds nothing, nothing is cut off, and pictures are taken if they are wanted.
export async function inspect(page, name) {
  const complaints = page.context().complaints;
  assert.deepEqual(complaints, [], `${name}: the console is quiet`);
  for (const view of VIEWS) {
    await page.emulateMedia({ colorScheme: view.colorScheme });
    await page.setViewportSize({ width: view.width, height: 900 });
    const { violations } = await axe(page).analyze();
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    assert.deepEqual(told, [], `${name} (${view.name}): axe finds nothing`);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wider <= 0, `${name} (${view.name}): nothing is wider than the page, by ${wider} px`);
    if (process.env.SCREENSHOTS) {
      await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-${view.name}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}
