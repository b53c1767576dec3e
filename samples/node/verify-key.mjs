// Asks whether API_KEY, which came with a request, is good and grants a permission.
const { KEYBEARER_URL, KEYBEARER_TOKEN, API_KEY } = process.env;

const response = await fetch(`${KEYBEARER_URL}/v1/verify`, {
  method: "POST",
  headers: { Authorization: `Bearer ${KEYBEARER_TOKEN}`, "Content-Type": "application/json" },
  body: JSON.stringify({ key: API_KEY, any_of: ["shop:orders.read"] }),
  signal: AbortSignal.timeout(10_000),
});
if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
const verdict = await response.json();
if (verdict.valid !== true) throw new Error(`refused: ${verdict.code}`);
console.log("valid");
