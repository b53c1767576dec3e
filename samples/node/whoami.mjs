// Asks what the credential is and may do.
const { KEYBEARER_URL, KEYBEARER_TOKEN } = process.env;

const response = await fetch(`${KEYBEARER_URL}/v1/whoami`, {
  headers: { Authorization: `Bearer ${KEYBEARER_TOKEN}` },
  signal: AbortSignal.timeout(10_000),
});
if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
console.log(await response.text());
