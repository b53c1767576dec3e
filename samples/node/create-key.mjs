// Creates a key with the policy POLICY_ID. Prints its token, which is never shown again.
const { KEYBEARER_URL, KEYBEARER_TOKEN, POLICY_ID } = process.env;

const response = await fetch(`${KEYBEARER_URL}/v1/keys`, {
  method: "POST",
  headers: { Authorization: `Bearer ${KEYBEARER_TOKEN}`, "Content-Type": "application/json" },
  body: JSON.stringify({ name: "front desk 2", policy_id: POLICY_ID, expires_in: 2592000 }),
  signal: AbortSignal.timeout(10_000),
});
if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
console.log((await response.json()).token);
