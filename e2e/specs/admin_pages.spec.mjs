// The pages of administrators about everything but keys, in a world with people and services in it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { World, inspect, signIn } from "../world.mjs";

const DECLARED = {
  billing: { read: "Read invoices and their payments", pay: "Pay invoices", void: "Void an invoice that was not paid" },
  catalog: { read: "Read products, prices and stock", write: "Change products and prices" },
  orders: { read: "Read orders", create: "Place orders for customers", refund: "Refund a paid order" },
};
const POLICIES = {
  "Accounting export": ["billing:read", "orders:read"],
  "Checkout terminals": ["catalog:read", "orders:read", "orders:create", "billing:pay"],
  "Price updates": ["catalog:read", "catalog:write"],
  Storefront: ["catalog:read", "orders:create"],
};
const KEYS = [
  ["storefront, production", "Storefront", undefined],
  ["storefront, staging", "Storefront", 90],
  ["till at the entrance", "Checkout terminals", 365],
  ["till upstairs", "Checkout terminals", 365],
  ["nightly accounting export", "Accounting export", 5],
  ["supplier price feed", "Price updates", 30],
];
const PEOPLE = [
  ["ada", "support", [["laptop", 5, 30], ["deploy script", 4, 6]]],
  ["grace", "user", [["pattern sync", 3, 365]]],
  ["linus", "user", []],
];

let world;
let policies;
let accounts;

before(async () => {
  world = await World.start();
  const token = await world.token();
  const made = async (path, body) => {
    const { status, json } = await world.api("POST", path, { token, body });
    assert.equal(status, 201, `${path}: ${JSON.stringify(json)}`);
    return json;
  };
  const days = (count) => count && count * 86_400;
  for (const [service, names] of Object.entries(DECLARED)) {
    const body = Object.entries(names).map(([name, description]) => ({ name, description }));
    await world.api("PUT", `/v1/services/${service}/permissions`, { token, body });
  }
  policies = {};
  for (const [name, permissions] of Object.entries(POLICIES)) policies[name] = (await made("/v1/policies", { name, permissions })).id;
  const rules = [{ methods: ["GET"], path: "/orders", any_of: ["orders:read"] }];
  assert.equal((await world.api("PUT", "/v1/gates/orders", { token, body: { rules } })).status, 201);
  const keys = [];
  for (const [name, policy, count] of KEYS) {
    keys.push((await made("/v1/keys", { name, policy_id: policies[policy], expires_in: days(count) })).token);
  }
  accounts = {};
  for (const [username, role, own] of PEOPLE) {
    accounts[username] = await world.account(username, role);
    for (const [name, level, count] of own) {
      keys.push((await made("/v1/keys", { name, level, owner: accounts[username], expires_in: days(count) })).token);
    }
  }
  // A service that no longer declares something which a policy grants.
  await world.api("PUT", "/v1/services/billing/permissions", { token, body: [{ name: "read", description: DECLARED.billing.read }] });
  const questions = keys.slice(0, 5).flatMap((key) => [{ key, any_of: ["catalog:read"] }, { key }]);
  const { status } = await world.api("POST", "/v1/verify/batch", { token, body: { items: questions } });
  assert.equal(status, 200);
});
after(async () => {
  await world?.end();
});

const PAGES = () => [
  ["policies", "/dashboard/policies"],
  ["new-policy", "/dashboard/policies/new"],
  ["policy", `/dashboard/policies/${policies["Checkout terminals"]}`],
  ["delete-policy", `/dashboard/policies/${policies["Checkout terminals"]}/delete`],
  ["gates", "/dashboard/gates"],
  ["new-gate", "/dashboard/gates/new"],
  ["gate", "/dashboard/gates/orders"],
  ["delete-gate", "/dashboard/gates/orders/delete"],
  ["permissions", "/dashboard/permissions"],
  ["cluster", "/dashboard/cluster"],
  ["accounts", "/dashboard/accounts"],
  ["new-account", "/dashboard/accounts/new"],
  ["account", `/dashboard/accounts/${accounts.ada}`],
  ["account-role", `/dashboard/accounts/${accounts.ada}/role?role=user`],
  ["account-revoke-keys", `/dashboard/accounts/${accounts.ada}/revoke-keys`],
  ["account-delete", `/dashboard/accounts/${accounts.ada}/delete`],
  ["full-keys", "/dashboard/keys"],
  ["full-audit", "/dashboard/audit"],
];

for (const [locale, prefix] of [["en-GB", ""], ["de-DE", "german-"]]) {
  test(`they are sound at all widths, in both themes, in ${locale}`, async () => {
    const context = await world.visitor({ locale });
    await context.addCookies([{ name: "keybearer", value: await world.token(), url: world.url }]);
    const page = await context.newPage();
    for (const [name, path] of PAGES()) {
      const response = await page.goto(path);
      assert.equal(response.status(), 200, path);
      await inspect(page, prefix + name);
    }
    await page.goto("/dashboard?period=hour");
    // The numbers are written every two seconds.
    for (let tries = 0; tries < 20 && (await page.locator(".chart").count()) === 0; tries += 1) {
      await page.waitForTimeout(500);
      await page.reload();
    }
    await page.locator(".chart").waitFor();
    await inspect(page, `${prefix}full-overview`);
    await page.locator("section", { has: page.locator(".chart") }).locator("summary").click();
    await inspect(page, `${prefix}full-overview-table`);
    await context.close();
  });
}

async function pictures() {
  const context = await world.visitor({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  await signIn(page);
  await page.goto("/dashboard/keys");
  await page.emulateMedia({ colorScheme: "light" });
  await page.screenshot({ path: join(process.env.SCREENSHOTS, "readme-keys.png") });
  await page.goto("/account/keys/new");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: join(process.env.SCREENSHOTS, "readme-new-key.png") });
  await context.close();
}
if (process.env.SCREENSHOTS) test("the pictures of the README are made of these", pictures);
