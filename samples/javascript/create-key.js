// Creates a key with this policy. What comes back holds its token, which is never shown again. `token` is that of a session.
export async function createKey(url, token, policyId) {
  const response = await fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ name: "front desk 2", policy_id: policyId, expires_in: 2592000 }),
  });
  if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
  return await response.json();
}
