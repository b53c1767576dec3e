// Lists the permissions that policies can grant.
const { KEYBEARER_URL, KEYBEARER_TOKEN } = process.env;

const response = await fetch(`${KEYBEARER_URL}/v1/permissions`, {
  headers: { Authorization: `Bearer ${KEYBEARER_TOKEN}` },
  signal: AbortSignal.timeout(10_000),
});
if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
for (const { permission, description } of (await response.json()).items) console.log(permission, description);
