// The pages on which administrators find, make, change and revoke keys.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { World, inspect, signIn } from "../world.mjs";

let world;
before(async () => {
  world = await World.start();
});
after(async () => {
  await world?.end();
});

const HOSTILE = `<b>"reports"</b> & \u202Eevil ${"🔑".repeat(40)}`;

test("the pages about keys are sound at all widths, in both themes", async () => {
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page);
  await page.goto("/dashboard/keys");
  await inspect(page, "all-keys-empty");
  await page.goto("/dashboard/keys/new");
  await inspect(page, "new-service-key-no-policy");

  const token = await world.token();
  const declared = ["read", "write", "delete"].map((name) => ({ name, description: `To ${name} files` }));
  await world.api("PUT", "/v1/services/files/permissions", { token, body: declared });
  const policy = async (name, permissions) => (await world.api("POST", "/v1/policies", { token, body: { name, permissions } })).json.id;
  const readers = await policy("Readers", ["files:read"]);
  await policy("Writers of <i>everything</i>", ["files:read", "files:write", "files:delete"]);
  const make = async (body) => (await world.api("POST", "/v1/keys", { token, body })).json.id;
  const old = await make({ name: "to be revoked", policy_id: readers });
  await world.api("DELETE", `/v1/keys/${old}`, { token });
  await make({ name: "nightly backup on the NAS", policy_id: readers });
  const hostile = await make({ name: HOSTILE, policy_id: readers });
  const own = await make({ name: "my laptop", level: 4, expires_in: 259_200 });

  await page.goto("/dashboard/keys?state=all");
  await inspect(page, "all-keys");
  await page.goto(`/dashboard/keys?kind=service&policy=${readers}`);
  await inspect(page, "all-keys-filtered");
  await page.goto("/dashboard/keys?name=nothing");
  await inspect(page, "all-keys-nothing");
  await page.goto(`/dashboard/keys/revoke?id=${hostile}&id=${own}`);
  await inspect(page, "revoke-keys");
  await page.goto(`/dashboard/keys/${hostile}`);
  await page.getByLabel("Policy", { exact: true }).selectOption({ label: "Writers of <i>everything</i>" });
  assert.ok(await page.getByText("The key gains:").isVisible());
  await inspect(page, "one-key");
  await page.goto(`/dashboard/keys/${own}`);
  await inspect(page, "one-key-of-a-person");
  await page.goto("/dashboard/keys/new");
  await page.getByLabel("Policy", { exact: true }).selectOption({ label: "Readers" });
  await inspect(page, "new-service-key");
  await page.getByText("More options").click();
  await page.getByLabel("Metadata").fill("nonsense");
  await page.getByLabel("Name", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByText("This is not a JSON object.").first().waitFor();
  await inspect(page, "new-service-key-wrong");
  await context.close();
});

for (const javaScriptEnabled of [true, false]) {
  test(`a service key is made, changed and revoked ${javaScriptEnabled ? "with" : "without"} JavaScript`, async () => {
    const context = await world.visitor({ javaScriptEnabled });
    const page = await context.newPage();
    await signIn(page);
    await page.goto("/dashboard/keys/new");
    const name = `importer ${javaScriptEnabled}`;
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Policy", { exact: true }).selectOption({ label: "Readers" });
    await page.getByLabel("30 days").check();
    await page.getByRole("button", { name: "Create the key" }).click();
    const key = await page.getByLabel("Token", { exact: true }).inputValue();
    const code = async () => (await world.api("POST", "/v1/verify", { token: await world.token(), body: { key, any_of: ["files:write"] } })).json.code;
    assert.equal(await code(), "INSUFFICIENT_PERMISSIONS");
    await page.getByRole("link", { name: "I have stored it" }).click();

    await page.getByRole("link", { name }).click();
    await page.getByLabel("Policy", { exact: true }).selectOption({ label: "Writers of <i>everything</i>" });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The key is changed.").waitFor();
    assert.equal(await code(), "VALID");

    await page.goto("/dashboard/keys");
    await page.getByRole("checkbox", { name: `Select ${name}` }).check();
    await page.getByRole("button", { name: "Revoke selected keys" }).click();
    await page.getByRole("button", { name: "Revoke 1 key" }).click();
    await page.getByText("1 key was revoked.").waitFor();
    assert.equal(await code(), "REVOKED");
    await context.close();
  });
}

test("an account is managed: details, password, sessions, a key that makes keys", async () => {
  const id = await world.account(HOSTILE);
  const context = await world.visitor();
  const page = await context.newPage();
  await signIn(page);
  const home = `/dashboard/accounts/${id}`;
  await page.goto(home);
  await page.getByRole("link", { name: "Change…" }).click();
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Metadata").fill('{ "team": ["billing", "ops"] }');
  await inspect(page, "account-details");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The account is changed.").waitFor();
  await inspect(page, "account-managed");
  await page.goto(`${home}/password`);
  await inspect(page, "account-password");
  await world.token(HOSTILE);
  await page.goto(`${home}/sessions`);
  await inspect(page, "account-sessions");
  await page.getByRole("button", { name: "End session" }).first().click();
  await page.getByText("Signed in nowhere").waitFor();
  await inspect(page, "account-sessions-none");

  await page.goto(home);
  await page.getByRole("link", { name: "New key for this account" }).click();
  await inspect(page, "new-key-for");
  await page.getByLabel("Name", { exact: true }).fill("handed over");
  await page.locator('input[name=level][value="4"]').check();
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByText("It belongs to").waitFor();
  await inspect(page, "secret-for");
  const token = await page.getByLabel("Token", { exact: true }).inputValue();
  const key = await page.getByLabel("Key", { exact: true }).inputValue();
  await world.api("POST", "/v1/keys", { token, body: { name: "made by a key", level: 1 } });
  await page.getByRole("link", { name: "I have stored it" }).click();
  await page.goto(`/dashboard/keys/${key}`);
  await inspect(page, "one-key-that-made-keys");
  await page.getByRole("link", { name: "Revoke together…" }).click();
  await inspect(page, "revoke-made");
  await page.getByRole("button", { name: "Revoke 2 keys" }).click();
  await page.getByText("2 keys were revoked.").waitFor();
  await page.goto("/account/email");
  await inspect(page, "email");
  await context.close();
});
