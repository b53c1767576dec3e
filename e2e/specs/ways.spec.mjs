// Ways through the pages that a person goes once: the set-up, the first key, the preferences, and what a page elsewhere tries.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PASSWORD, World, inspect, signIn } from "../world.mjs";

async function works(world, token) {
  const { status } = await world.api("GET", "/v1/whoami", { token });
  return status === 200;
}

test("from the setup link to a key that works, and is deleted", async (t) => {
  const world = await World.start({ bare: true });
  t.after(() => world.end());
  const context = await world.visitor();
  const page = await context.newPage();
  await page.goto(world.setupLink);
  await inspect(page, "setup");
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create the administrator" }).click();
  await page.getByRole("heading", { name: "Welcome, ada" }).waitFor();
  await inspect(page, "setup-done");
  await page.getByRole("link", { name: "Sign in" }).click();
  await signIn(page, "ada");

  await page.goto("/account/keys/new");
  await page.getByLabel("Name", { exact: true }).fill("laptop");
  await page.getByRole("radio", { name: "2 Read your account" }).check();
  await page.getByRole("radio", { name: "Another" }).check();
  await page.getByLabel("Amount").fill("10");
  assert.match(await page.locator("[data-until]").textContent(), /^until \d+ \w+ 20\d\d$/);
  await page.getByRole("button", { name: "Create the key" }).click();
  const token = await page.getByLabel("Token", { exact: true }).inputValue();
  assert.match(token, /^kb_/);
  assert.ok(await works(world, token));
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy Token" }).click();
  await page.getByRole("button", { name: "Copied Token" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);

  // Leaving by accident is asked about; by the way out it is not.
  let asked = 0;
  page.on("dialog", (dialog) => {
    asked += 1;
    return dialog.accept();
  });
  await page.reload();
  assert.equal(asked, 1);
  await page.getByRole("heading", { name: "This was made already" }).waitFor();
  assert.ok(!(await page.content()).includes(token));
  await page.goto("/account");
  assert.equal(await page.getByRole("checkbox").count(), 1, "one key was made");
  // The browser has not kept that page, and asks before it sends the form again.
  await page.goBack().catch((error) => assert.match(String(error), /ERR_CACHE_MISS/));
  assert.ok(!(await page.locator("html").innerHTML()).includes(token));

  await page.goto("/account");
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Delete selected keys" }).click();
  await page.getByRole("button", { name: "Delete 1 key" }).click();
  await page.getByText("1 key was deleted").waitFor();
  assert.ok(!(await works(world, token)));
  assert.deepEqual(context.complaints, []);
});

test("what was typed survives a session that has ended", async (t) => {
  const world = await World.start();
  t.after(() => world.end());
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page);
  await page.goto("/account/keys/new");
  await page.getByLabel("Name", { exact: true }).fill("laptop <b>of</b> the night shift");
  await page.getByRole("radio", { name: "2 Read your account" }).check();
  const token = await world.token();
  const { json: sessions } = await world.api("GET", "/v1/sessions", { token });
  for (const { id } of sessions.items.filter((session) => !session.current)) await world.api("DELETE", `/v1/sessions/${id}`, { token });
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByLabel("Password").waitFor();
  await inspect(page, "kept-sign-in");
  await page.getByLabel("User name").fill("admin");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("laptop <b>of</b> the night shift").waitFor();
  await inspect(page, "kept-offer");
  await page.getByRole("button", { name: "Send it now" }).click();
  assert.ok(await works(world, await page.getByLabel("Token", { exact: true }).inputValue()));
  assert.deepEqual(context.complaints, []);
});

test("the first stop of the keyboard skips to the content", async (t) => {
  const world = await World.start();
  t.after(() => world.end());
  const page = await (await world.visitor()).newPage();
  await signIn(page);
  await page.goto("/dashboard");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.activeElement.matches(".skip")));
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.activeElement.closest("main") !== null), "the next stop is in the content");
});

test("without JavaScript", async (t) => {
  const world = await World.start();
  t.after(() => world.end());
  const context = await world.visitor({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page);
  await page.getByRole("button", { name: "Deutsch" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.getByRole("button", { name: "English" }).click();
  await page.goto("/account/keys/new");
  await page.getByLabel("Name", { exact: true }).fill("plain");
  await page.getByRole("radio", { name: "0 Identify" }).check();
  await page.getByRole("button", { name: "Create the key" }).click();
  const token = await page.getByLabel("Token", { exact: true }).inputValue();
  assert.ok(await works(world, token));
  assert.equal(await page.getByRole("button", { name: "Copy" }).count(), 0, "no button that would do nothing");
  await page.getByRole("link", { name: "I have stored it" }).click();
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Delete selected keys" }).click();
  await page.getByRole("button", { name: "Delete 1 key" }).click();
  await page.getByText("1 key was deleted").waitFor();
  await page.getByRole("link", { name: "Security" }).click();
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password").fill("hollow cedar ninety kites");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Your password was changed").waitFor();
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await page.getByText("You are signed out.").waitFor();
  await signIn(page, "admin", "hollow cedar ninety kites");
});

test("a page elsewhere can do nothing in somebody's name", async (t) => {
  const world = await World.start();
  t.after(() => world.end());
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page);
  const attacker = await context.newPage();
  // Another port is another origin, and the same site for cookies: SameSite alone would not help.
  await attacker.route("http://127.0.0.1:9/", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<form method="post" action="${world.url}/account/keys/new"><input name="name" value="stolen"><input name="level" value="8">
        <input name="expires_in" value="7"></form><form method="post" action="${world.url}/sign-out"></form>`,
    }),
  );
  for (const form of [0, 1]) {
    await attacker.goto("http://127.0.0.1:9/");
    await attacker.evaluate((form) => document.forms[form].submit(), form);
    await attacker.getByRole("heading", { name: "This form came from elsewhere" }).waitFor();
  }
  await page.goto("/account");
  await page.getByText("You have no active keys").waitFor();
});
