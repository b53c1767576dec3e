// The pages that only tell: why a key is accepted or refused, and who changed what.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { PASSWORD, World, inspect, signIn } from "../world.mjs";

let world, readers, key;
before(async () => {
  world = await World.start();
  const token = await world.token();
  const declared = ["read", "write"].map((name) => ({ name, description: `To ${name} files` }));
  await world.api("PUT", "/v1/services/files/permissions", { token, body: declared });
  readers = (await world.api("POST", "/v1/policies", { token, body: { name: "Readers <b>of</b> \u202Efiles", permissions: ["files:read"] } })).json.id;
  key = (await world.api("POST", "/v1/keys", { token, body: { name: "backup", policy_id: readers } })).json;
});
after(async () => {
  await world?.end();
});

test("the page that explains is sound at all widths, in both themes", async () => {
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page);
  await page.goto("/explain");
  await inspect(page, "explain");
  await page.goto(`/explain?key=${key.id}&ask=permissions&match=any&permissions=files:read&more=other:thing`);
  await page.getByRole("heading", { name: "Accepted", exact: true }).waitFor();
  await inspect(page, "explain-accepted");
  await page.goto(`/explain?key=${key.id}&ask=permissions&permissions=files:read&permissions=files:write`);
  await page.getByRole("heading", { name: "Refused", exact: true }).waitFor();
  await inspect(page, "explain-refused");
  await page.goto(`/explain?key=${key.id}&ask=permissions&more=nonsense`);
  await inspect(page, "explain-wrong");
  await context.close();
});

test("the audit trail is sound at all widths, in both themes", async () => {
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page);
  await page.goto("/dashboard/audit");
  for (const summary of await page.locator(".events summary").all()) await summary.click();
  await inspect(page, "audit");
  await page.goto("/dashboard/audit?since=2999-01-01");
  await inspect(page, "audit-nothing");
  await page.goto("/dashboard/audit?actor=nobody");
  await inspect(page, "audit-wrong");
  await context.close();
});

for (const javaScriptEnabled of [true, false]) {
  test(`a whole key is pasted and explained ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
    const context = await world.visitor({ javaScriptEnabled });
    const page = await context.newPage();
    await signIn(page);
    await page.getByRole("link", { name: "Explain" }).click();
    await page.getByLabel("Key", { exact: true }).fill(key.token);
    await page.getByLabel("Permissions", { exact: true }).check();
    await page.getByLabel("write", { exact: false }).last().check();
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByRole("heading", { name: "Refused", exact: true }).waitFor();
    assert.ok(page.url().includes(key.id) && !page.url().includes(key.token));
    assert.ok(!(await page.content()).includes(key.token));
    await context.close();
  });
}

test("who owns a key has it explained, and the history of a key is one step away", async () => {
  await world.account("ada");
  const own = (await world.api("POST", "/v1/keys", { token: await world.token("ada", PASSWORD), body: { name: "laptop", level: 2 } })).json.id;
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page, "ada");
  await page.goto("/account");
  await page.getByRole("link", { name: /^Explain ?: laptop/ }).click();
  await page.getByRole("heading", { name: "Accepted", exact: true }).waitFor();
  await page.getByLabel("A level", { exact: true }).check();
  await page.getByLabel("Level", { exact: true }).selectOption("4");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("Level 4 is needed, but level 2 is in force.").first().waitFor();
  await inspect(page, "explain-own");
  await context.close();

  const admins = await world.visitor();
  const admin = await admins.newPage();
  await signIn(admin);
  await admin.goto(`/dashboard/keys/${own}`);
  await admin.getByRole("link", { name: "History" }).click();
  await admin.locator(".events").getByText("Key created").waitFor();
  const [download] = await Promise.all([admin.waitForEvent("download"), admin.getByRole("link", { name: "Download as JSON lines" }).click()]);
  assert.equal(download.suggestedFilename(), "keybearer-events.jsonl");
  const [event, ...others] = (await readFile(await download.path(), "utf8")).trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([event.action, event.target, others.length], ["key.created", `key:${own}`, 0]);
  await admins.close();
});
