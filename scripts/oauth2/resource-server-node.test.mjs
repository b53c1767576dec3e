// A server of Node that openid-client guards: the library asks Keybearer about each token, and the server accepts or refuses the request.
//
// KEYBEARER_URL is where Keybearer is, KEYBEARER_TOKEN a session of its administrator.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import * as oauth from "openid-client";

const { KEYBEARER_URL: url, KEYBEARER_TOKEN: session } = process.env;

async function api(method, path, body) {
  const headers = { authorization: `Bearer ${session}`, "content-type": "application/json" };
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

async function serviceKey(name, permissions) {
  const policy = await api("POST", "/v1/policies", { name: `node ${name}`, permissions });
  return api("POST", "/v1/keys", { name: `node ${name}`, policy_id: policy.id });
}

// As the documentation of openid-client has it for servers that are not discovered.
function configuration({ id, secret }, authentication = oauth.ClientSecretBasic) {
  const server = { issuer: url, introspection_endpoint: `${url}/oauth2/introspect`, revocation_endpoint: `${url}/oauth2/revoke` };
  return new oauth.Configuration(server, id, undefined, authentication(secret));
}

// A resource server whose one page needs this scope.
async function guarded(config, scope) {
  const server = createServer(async (request, response) => {
    const [, token = ""] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "") ?? [];
    try {
      const told = token ? await oauth.tokenIntrospection(config, token) : { active: false };
      const allowed = told.active && (told.scope ?? "").split(" ").includes(scope);
      response.writeHead(allowed ? 200 : told.active ? 403 : 401, { "content-type": "application/json" });
      response.end(JSON.stringify(told));
    } catch (error) {
      response.writeHead(503, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: error.name, status: error.status ?? error.cause?.status }));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return async (token) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers });
    return [answer.status, await answer.json()];
  };
}

const servers = [];
let gateway;
before(async () => {
  const manifest = ["read", "write"].map((name) => ({ name, description: `To ${name}` }));
  await api("PUT", "/v1/services/node/permissions", manifest);
  gateway = await serviceKey("gateway", ["keybearer:verify", "keybearer:keys.write", "node:read"]);
});
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

test("a service key reaches what its policy names, and a person's what its level includes", async () => {
  const ask = await guarded(configuration(gateway), "node:read");
  const [reader, bare] = [await serviceKey("reader", ["node:read"]), await serviceKey("bare", [])];
  const [status, told] = await ask(reader.token);
  assert.equal(status, 200);
  assert.deepEqual([told.client_id, told.jti, told.token_type], [reader.id, reader.id, "Bearer"]);
  assert.equal((await ask(bare.token))[0], 403);
  const level = await guarded(configuration(gateway), "level:2");
  for (const [number, expected] of [[1, 403], [2, 200], [3, 200]]) {
    const key = await api("POST", "/v1/keys", { name: "node", level: number });
    assert.equal((await level(key.token))[0], expected);
  }
});

test("no token and bad tokens are refused, and nothing is told of them", async () => {
  const ask = await guarded(configuration(gateway), "node:read");
  const key = await serviceKey("mistyped", ["node:read"]);
  const wrong = key.token.slice(0, -1) + (key.token.endsWith("0") ? "1" : "0");
  for (const token of [undefined, wrong, `${key.id}:${"0".repeat(64)}`, "x", session]) {
    assert.deepEqual(await ask(token), [401, { active: false }]);
  }
});

for (const [name, authentication] of Object.entries({ ClientSecretBasic: oauth.ClientSecretBasic, ClientSecretPost: oauth.ClientSecretPost })) {
  test(`the library revokes a key by ${name}, and the next request is refused`, async () => {
    const config = configuration(gateway, authentication);
    const ask = await guarded(config, "node:read");
    const key = await serviceKey(name, ["node:read"]);
    assert.equal((await ask(key.token))[0], 200);
    await oauth.tokenRevocation(config, key.token);
    assert.deepEqual(await ask(key.token), [401, { active: false }]);
    await oauth.tokenRevocation(config, key.token, { token_type_hint: "refresh_token" });
  });
}

test("a session is not said to be revoked", async () => {
  const refused = oauth.tokenRevocation(configuration(gateway), session);
  await assert.rejects(refused, (error) => error.error === "unsupported_token_type" && error.status === 400);
});

test("a gateway without the right, or with a wrong secret, lets nobody in", async () => {
  const [reader, weak] = [await serviceKey("unseen", ["node:read"]), await serviceKey("weak", [])];
  for (const [client, status] of [[weak, 403], [{ ...weak, secret: "0".repeat(64) }, 401]]) {
    const ask = await guarded(configuration(client), "node:read");
    const [answered, told] = await ask(reader.token);
    assert.deepEqual([answered, told.status], [503, status]);
  }
});
