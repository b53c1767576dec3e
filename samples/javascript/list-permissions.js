// Lists the permissions that policies can grant. `token` is that of a session: whoever has the page open can read it.
export async function listPermissions(url, token) {
  const response = await fetch(`${url}/v1/permissions`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
  return (await response.json()).items;
}
