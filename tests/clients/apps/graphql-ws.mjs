// graphql-ws: every kind of operation over one protocol.
import { createClient } from "graphql-ws";

import * as kit from "./kit.mjs";

const { socket: url } = kit.given;

/** Results of one operation on a socket of its own, or on one that is given. */
async function* followed(query, variables, { client = createClient({ url, retryAttempts: 0 }), ...more } = {}) {
  yield* client.iterate({ query, variables, ...more });
}

async function asked(query, variables, options) {
  const found = [];
  for await (const result of followed(query, variables, options)) found.push(result);
  const [{ data, errors }] = found;
  if (found.length > 1) throw new Error(`${found.length} results`);
  return errors ? { data, codes: kit.codes(errors) } : data;
}

async function invalid() {
  try {
    await asked(kit.INVALID);
  } catch (errors) {
    return { codes: kit.codes(errors) };
  }
}

/** Several operations share a socket; one that is bad or ended leaves the others alone. */
async function shared() {
  const closed = [];
  const on = { closed: ({ code }) => closed.push(code) };
  const client = createClient({ url, retryAttempts: 0, lazyCloseTimeout: 1_000, on });
  const variables = { account: kit.given.account, first: 1 };
  const endless = kit.changes((document, given) => followed(document, given, { client }));
  const bad = await asked(kit.INVALID, {}, { client }).catch(kit.codes);
  const page = await asked(kit.PAGE, variables, { client });
  return { bad, page, changes: await endless, closed };
}

/** The client asks whether the server is there, and is answered. */
async function ping() {
  const pongs = await new Promise((resolve, reject) => {
    const client = createClient({
      url,
      lazy: false,
      keepAlive: 20,
      retryAttempts: 0,
      onNonLazyError: reject,
      on: { pong: (received) => received && resolve(client) },
    });
  });
  await pongs.dispose();
  return "pong";
}

async function persisted() {
  const query = kit.PAGE.replace("Page", "WsPersisted");
  const extensions = { persistedQuery: { version: 1, sha256Hash: kit.sha256(query) } };
  const variables = { account: kit.given.account, first: 1 };
  const unknown = await asked("", variables, { extensions }).catch(kit.codes);
  const told = await asked(query, variables, { extensions });
  const known = await asked("", variables, { extensions });
  return { unknown, same: JSON.stringify(told) === JSON.stringify(known) };
}

await kit.report({
  query: () => asked(kit.PAGE, { account: kit.given.account, first: 2 }),
  mutation: () => asked(kit.CREATE, { input: { name: "graphql-ws", domain: "ws.example" } }),
  "user errors": () => asked(kit.CREATE, { input: { name: "" } }),
  errors: () => asked(kit.MISSING, { id: "x" }),
  "invalid document": invalid,
  subscription: () => kit.progress(followed),
  changes: () => kit.changes(followed),
  "one socket for several": shared,
  ping,
  "persisted queries": persisted,
  "document by id": () =>
    asked("", { account: kit.given.account, first: 2 }, { documentId: kit.given.document }),
});
