// What the credential is and may do. `token` is that of a session: whoever has the page open can read it.
export async function whoami(url, token) {
  const response = await fetch(`${url}/v1/whoami`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`Keybearer answered ${response.status}: ${await response.text()}`);
  return await response.json();
}
