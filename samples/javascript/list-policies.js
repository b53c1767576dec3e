// Lists the policies that a key can be given. `token` is that of a session: whoever has the page open can read it.
export async function listPolicies(url, token) {
  const response = await fetch(`${url}/v1/policies?limit=200`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
  return (await response.json()).items;
}
