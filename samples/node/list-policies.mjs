// Lists the policies that a key can be given.
const { KEYBEARER_URL, KEYBEARER_TOKEN } = process.env;

const response = await fetch(`${KEYBEARER_URL}/v1/policies?limit=200`, {
  headers: { Authorization: `Bearer ${KEYBEARER_TOKEN}` },
  signal: AbortSignal.timeout(10_000),
});
if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
for (const policy of (await response.json()).items) console.log(policy.id, policy.name);
