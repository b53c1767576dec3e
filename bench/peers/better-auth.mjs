// Better Auth's API-key plug-in on SQLite, behind nothing but Node's own HTTP server.
//
//   node better-auth.mjs DIRECTORY KEYS
//
// Makes so many keys in a new database in the directory, writes them into its file `tokens` one behind the other, and serves.

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import Database from "better-sqlite3";

// As long as ours, so that requests are.
const LENGTH = 75;
const USERS = 100;

const [directory, keys] = process.argv.slice(2);
const database = new Database(join(directory, "better-auth.db"));
// By default each verification, which writes when the key was last used, would wait for a journal of its own.
database.pragma("journal_mode = WAL");
database.pragma("synchronous = NORMAL");

const auth = betterAuth({
  baseURL: "http://127.0.0.1",
  secret: randomBytes(32).toString("hex"),
  database,
  telemetry: { enabled: false },
  logger: { level: "error" },
  // Ten requests of a key in a day are allowed if nobody says otherwise.
  plugins: [apiKey({ defaultKeyLength: LENGTH, rateLimit: { enabled: false } })],
});
await (await getMigrations(auth.options)).runMigrations();

const { internalAdapter } = await auth.$context;
const users = [];
for (let number = 0; number < USERS; number++) {
  users.push(await internalAdapter.createUser({ name: `Person ${number}`, email: `person${number}@example.com` }));
}
const tokens = [];
database.exec("BEGIN");
for (let number = 0; number < Number(keys); number++) {
  const body = { name: `key number ${number}`, userId: users[number % USERS].id };
  tokens.push((await auth.api.createApiKey({ body })).key);
}
database.exec("COMMIT");
writeFileSync(join(directory, "tokens"), tokens.join(""));

function answer(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Content-Length": body.length });
  response.end(body);
}

const server = createServer(async (request, response) => {
  const key = request.headers["x-api-key"];
  const verdict = key ? await auth.api.verifyApiKey({ body: { key } }) : { valid: false };
  answer(response, verdict.valid ? 200 : 401, verdict.valid ? '{"valid":true}' : '{"valid":false}');
});
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
