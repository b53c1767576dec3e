// The ways of administrators and people through the pages, each with a mouse, by keyboard alone, and without JavaScript.

import assert from "node:assert/strict";
import { test } from "node:test";

import { HANDS } from "../hand.mjs";
import { ADMIN, PASSWORD, World } from "../world.mjs";

// A browser whose hand signs this person in.
async function signedIn(world, [options, makeHand], username) {
  const context = await world.visitor(options);
  const page = await context.newPage();
  const hand = makeHand(page);
  await page.goto("/sign-in");
  await hand.type(page.getByLabel("User name"), username);
  await hand.type(page.getByLabel("Password"), PASSWORD);
  await hand.press(page.getByRole("button", { name: "Sign in" }));
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
  return { context, page, hand };
}

for (const [how, way] of Object.entries(HANDS)) {
  test(`from declared permissions to a policy that dies with its key, ${how}`, async (t) => {
    const world = await World.start();
    t.after(() => world.end());
    const token = await world.token();
    const declared = ["read", "write"].map((name) => ({ name, description: `To ${name} orders` }));
    await world.api("PUT", "/v1/services/shop/permissions", { token, body: declared });
    const { context, page, hand } = await signedIn(world, way, ADMIN);

    await hand.press(page.getByRole("link", { name: "Policies" }).first());
    await page.waitForURL("**/dashboard/policies");
    await hand.press(page.getByRole("main").getByRole("link", { name: /new policy|create/i }).first());
    await page.waitForURL("**/dashboard/policies/new");
    await hand.type(page.getByLabel("Name", { exact: true }), "Order readers");
    await hand.tick(page.getByRole("checkbox", { name: /To read orders/ }));
    await hand.press(page.getByRole("button", { name: "Create the policy" }));
    await page.waitForURL((url) => url.pathname !== "/dashboard/policies/new");

    await page.goto("/dashboard/keys/new");
    await hand.type(page.getByLabel("Name", { exact: true }), "storefront");
    await hand.choose(page.getByLabel("Policy", { exact: true }), "Order readers");
    await hand.tick(page.getByRole("radio", { name: /90 days/ }));
    await hand.press(page.getByRole("button", { name: "Create the key" }));
    const key = await page.getByLabel("Token", { exact: true }).inputValue();
    if (way[0].javaScriptEnabled !== false) {
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await hand.press(page.getByRole("button", { name: "Copy Token" }));
      await page.getByRole("button", { name: "Copied Token" }).waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
    }
    await hand.press(page.getByRole("link", { name: "I have stored it" }));
    await page.waitForURL((url) => url.pathname !== "/dashboard/keys/new");
    const tested = async () => (await fetch(`${world.url}/api/v1/api_keys/test`, { headers: { "catena-api-key": key } })).status;
    const may = async (permission) => {
      const { json } = await world.api("POST", "/v1/verify", { token, body: { key, any_of: [permission] } });
      return json.code;
    };
    assert.equal(await tested(), 200);
    assert.deepEqual([await may("shop:read"), await may("shop:write")], ["VALID", "INSUFFICIENT_PERMISSIONS"]);

    await page.goto("/dashboard/policies");
    await hand.press(page.getByRole("main").getByRole("link", { name: "Order readers", exact: true }));
    await page.getByText("takes effect immediately").first().waitFor();
    await hand.tick(page.getByRole("checkbox", { name: /To write orders/ }));
    await hand.press(page.getByRole("button", { name: "Save" }));
    await page.getByRole("status").first().waitFor();
    assert.equal(await may("shop:write"), "VALID", "the edit is in force at once");

    await page.goto("/dashboard/policies");
    await hand.press(page.getByRole("main").getByRole("link", { name: "Order readers", exact: true }));
    await hand.press(page.getByRole("link", { name: "Delete…" }));
    await page.getByRole("cell", { name: "storefront" }).waitFor();
    await hand.type(page.getByRole("textbox", { name: /name of the policy/i }), "order readers!");
    await hand.press(page.getByRole("button", { name: /Delete the policy/ }));
    await page.getByText("This is not the name of the policy").first().waitFor();
    assert.equal(await may("shop:read"), "VALID", "nothing dies by a wrong name");
    await hand.type(page.getByRole("textbox", { name: /name of the policy/i }), "Order readers");
    await hand.press(page.getByRole("button", { name: /Delete the policy/ }));
    await page.waitForURL("**/dashboard/policies");
    assert.equal(await tested(), 401);
    assert.equal(await may("shop:read"), "REVOKED");
    assert.deepEqual(context.complaints, []);
  });

  test(`a person's keys live, are deleted, and die with the role, ${how}`, async (t) => {
    const world = await World.start();
    t.after(() => world.end());
    const id = await world.account("ada", "support");
    const { page, hand } = await signedIn(world, way, "ada");
    const make = async (name) => {
      await page.goto("/account/keys/new");
      await hand.type(page.getByLabel("Name", { exact: true }), name);
      await hand.tick(page.getByRole("radio", { name: /^4 / }));
      await hand.tick(page.getByRole("radio", { name: /30 days/ }));
      await hand.press(page.getByRole("button", { name: "Create the key" }));
      const token = await page.getByLabel("Token", { exact: true }).inputValue();
      await hand.press(page.getByRole("link", { name: "I have stored it" }));
      await page.waitForURL("**/account");
      return token;
    };
    const works = async (token) => (await world.api("GET", "/v1/whoami", { token })).status === 200;
    const [laptop, phone] = [await make("laptop"), await make("phone")];
    assert.deepEqual([await works(laptop), await works(phone)], [true, true]);

    await hand.tick(page.getByRole("checkbox", { name: /laptop/ }));
    await hand.press(page.getByRole("button", { name: "Delete selected keys" }));
    await hand.press(page.getByRole("button", { name: "Delete 1 key" }));
    await page.getByText("1 key was deleted").waitFor();
    assert.deepEqual([await works(laptop), await works(phone)], [false, true]);

    const admin = await signedIn(world, way, ADMIN);
    await admin.page.goto(`/dashboard/accounts/${id}`);
    await admin.hand.choose(admin.page.getByLabel("Role", { exact: true }), "user (level 4)");
    await admin.hand.press(admin.page.getByRole("button", { name: "Go on…" }));
    await admin.page.getByText("This revokes 1 key, for good.").waitFor();
    assert.ok(await works(phone), "nothing has happened yet");
    await admin.hand.press(admin.page.getByRole("button", { name: "Change the role" }));
    await admin.page.waitForURL(`**/dashboard/accounts/${id}`);
    assert.ok(!(await works(phone)), "the key died with the role");

    // The session died too; the key is listed as revoked, with the reason.
    const again = await signedIn(world, way, "ada");
    await again.page.goto("/account?show=revoked");
    await again.page.getByRole("row", { name: /phone/ }).getByText(/role/i).first().waitFor();
  });
}
