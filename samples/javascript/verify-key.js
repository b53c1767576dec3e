// Whether a key is good and grants a permission. `token` is that of a session: whoever has the page open can read it.
export async function verifyKey(url, token, key) {
  const response = await fetch(`${url}/v1/verify`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ key, any_of: ["shop:orders.read"] }),
  });
  if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
  return (await response.json()).valid === true;
}
