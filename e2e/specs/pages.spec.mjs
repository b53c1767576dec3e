// Every page as it looks to a person: in light and dark, wide and narrow.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PASSWORD, World, inspect, signIn } from "../world.mjs";

let world;
before(async () => {
  world = await World.start();
});
after(() => world.end());

const HOSTILE = `"><script>alert(1)</script>\u202Egnp.exe ${"🦦".repeat(60)}`;

async function makeKey(page, name, level, lifetime) {
  await page.goto("/account/keys/new");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.locator(`input[name=level][value="${level}"]`).check();
  if (lifetime) await page.locator(`input[name=expires_in][value="${lifetime}"]`).check();
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByRole("heading", { name: "Your new key" }).waitFor();
}

test("the pages of somebody who is not signed in", async () => {
  const context = await world.visitor();
  const page = await context.newPage();
  await page.goto("/");
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await inspect(page, "sign-in");
  await page.getByLabel("User name").fill("nobody");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.matches("[role=alert]")), "the summary has the focus");
  await inspect(page, "sign-in-failed");
  await page.goto("/account/nonsense");
  await inspect(page, "not-found");
  await page.goto("/reset/nonsense");
  await inspect(page, "reset-closed");
  await context.close();
});

test("the pages of an administrator", async () => {
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page);
  assert.equal(new URL(page.url()).pathname, "/dashboard");
  await inspect(page, "overview");
  await page.goto("/account");
  await inspect(page, "keys-empty");
  await page.goto("/account/keys/new");
  await inspect(page, "new-key");
  await page.getByRole("button", { name: "Create the key" }).evaluate((button) => {
    button.form.noValidate = true;
    button.click();
  });
  await page.getByRole("alert").waitFor();
  await inspect(page, "new-key-wrong");
  for (const [name, level, lifetime] of [
    ["backup on the NAS", 2, "365"],
    ["laptop", 4, "30"],
    [HOSTILE, 0, "90"],
    ["continuous integration", 8, "7"],
  ]) {
    await makeKey(page, name, level, lifetime);
    if (level === 2) {
      await inspect(page, "secret");
      await page.locator("summary").getByText("Java", { exact: true }).click();
      await inspect(page, "secret-sample");
    }
    await page.getByRole("link", { name: "I have stored it" }).click();
  }
  await inspect(page, "keys");
  await page.getByRole("checkbox").nth(1).check();
  await page.getByRole("checkbox").nth(2).check();
  await page.getByRole("button", { name: "Delete selected keys" }).click();
  await inspect(page, "delete-keys");
  await page.getByRole("button", { name: "Delete 2 keys" }).click();
  await page.getByText("2 keys were deleted").waitFor();
  await page.getByRole("link", { name: "All", exact: true }).click();
  await inspect(page, "keys-all");
  await page.goto("/account/security");
  await inspect(page, "security");
  await page.goto("/account/standing/delete");
  await inspect(page, "delete-account");
  await context.close();
});

test("the pages of somebody who lacks consent or is locked", async () => {
  await world.account("grace");
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page, "grace");
  await makeKey(page, "one", 1);
  await page.getByRole("link", { name: "I have stored it" }).click();
  await page.goto("/account/standing/withdraw-consent");
  await page.getByText("This revokes 1 key.").waitFor();
  await page.getByRole("button", { name: "Withdraw consent" }).click();
  await page.getByText("1 key was revoked").waitFor();
  await signIn(page, "grace");
  await inspect(page, "no-consent");
  await page.goto("/account/security");
  await inspect(page, "no-consent-security");
  await page.getByRole("button", { name: "Give consent" }).click();
  await page.getByText("You can make and use keys again.").waitFor();
  await page.goto("/account/standing/lock");
  await page.getByRole("button", { name: "Lock my account" }).click();
  await page.getByText("Your account is locked").waitFor();
  await signIn(page, "grace");
  await inspect(page, "locked");
  await page.goto("/account/security");
  await inspect(page, "locked-security");
  await page.getByRole("button", { name: "Unlock my account" }).click();
  await page.goto("/account/standing/delete");
  await page.getByLabel("Current password").fill("wrong");
  await page.getByRole("button", { name: "Delete my account" }).click();
  await page.getByRole("alert").waitFor();
  await inspect(page, "delete-account-wrong");
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByRole("button", { name: "Delete my account" }).click();
  await page.getByText("Your account is deleted").waitFor();
  await context.close();
});

test("the pages in German", async () => {
  const context = await world.visitor({ locale: "de-DE" });
  const page = await context.newPage();
  await page.goto("/sign-in");
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await inspect(page, "german-sign-in");
  await page.getByLabel("Benutzername").fill("admin");
  await page.getByLabel("Passwort").fill(PASSWORD);
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.goto("/account/keys/new");
  await inspect(page, "german-new-key");
  await page.goto("/account/security");
  await inspect(page, "german-security");
  await context.close();
});

test("the reference of the API", async () => {
  const context = await world.visitor();
  const page = await context.newPage();
  await page.goto("/docs");
  await inspect(page, "docs");
  await page.getByRole("navigation", { name: "Sections of the reference" }).getByRole("link", { name: "Keys" }).click();
  await inspect(page, "docs-keys");
  const contents = page.getByRole("navigation", { name: "On this page" });
  await contents.getByRole("link", { name: "POST /v1/keys", exact: true }).focus();
  await page.keyboard.press("Enter");
  assert.equal(new URL(page.url()).hash, "#keys-create");
  for (const language of ["C#", "R"]) {
    await page.locator("summary").getByText(language, { exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("group", { name: language, exact: true }).locator("visible=true").waitFor();
  }
  assert.equal(await page.locator("details[open]").count(), 1, "one language is open at a time");
  await inspect(page, "docs-sample");
  for (const section of ["sessions", "whoami", "verification", "policies", "permissions", "accounts", "audit", "health"]) {
    await page.goto(`/docs/${section}`);
    await inspect(page, `docs-${section}`);
  }
  await signIn(page);
  await page.goto("/docs/verification");
  await inspect(page, "docs-signed-in");
  await context.close();
  const german = await world.visitor({ locale: "de-DE" });
  const seite = await german.newPage();
  for (const path of ["/docs", "/docs/policies"]) {
    await seite.goto(path);
    await seite.getByText("Die Referenz selbst ist auf Englisch.").waitFor();
    await inspect(seite, `german${path.replaceAll("/", "-")}`);
  }
  await german.close();
});

test("the first load is small", async () => {
  const context = await world.visitor();
  const page = await context.newPage();
  const bodies = [];
  page.on("response", (response) => bodies.push(response.body()));
  await page.goto("/sign-in", { waitUntil: "networkidle" });
  const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
  assert.ok(bytes > 1_000 && bytes < 60_000, `${bytes} bytes`);
  await context.close();
});

test("text at 200 % and a chosen theme lose nothing", async () => {
  const context = await world.visitor({ viewport: { width: 640, height: 480 }, deviceScaleFactor: 2 });
  const page = await context.newPage();
  await signIn(page);
  await page.getByRole("button", { name: "Dark" }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).colorScheme), "dark");
  for (const path of ["/dashboard", "/account", "/account/keys/new", "/account/security"]) {
    await page.goto(path);
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wider <= 0, `${path}: ${wider} px too wide`);
  }
  await page.getByRole("button", { name: "System" }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "system");
  await context.close();
});
