// graphql-sse in its distinct connections mode: a connection for each operation.
import { createClient } from "graphql-sse";

import * as kit from "./kit.mjs";

const client = createClient({ url: kit.given.url, retryAttempts: 0 });

async function* followed(query, variables, more = {}) {
  yield* client.iterate({ query, variables, ...more });
}

async function asked(query, variables, more) {
  const found = [];
  for await (const result of followed(query, variables, more)) found.push(result);
  const [{ data, errors }] = found;
  if (found.length > 1) throw new Error(`${found.length} results`);
  return errors ? { data, codes: kit.codes(errors) } : data;
}

async function persisted() {
  const query = kit.PAGE.replace("Page", "SsePersisted");
  const extensions = { persistedQuery: { version: 1, sha256Hash: kit.sha256(query) } };
  const variables = { account: kit.given.account, first: 1 };
  const unknown = (await asked(undefined, variables, { extensions })).codes;
  const told = await asked(query, variables, { extensions });
  const known = await asked(undefined, variables, { extensions });
  return { unknown, same: JSON.stringify(told) === JSON.stringify(known) };
}

await kit.report({
  query: () => asked(kit.PAGE, { account: kit.given.account, first: 2 }),
  mutation: () => asked(kit.CREATE, { input: { name: "graphql-sse", domain: "sse.example" } }),
  "user errors": () => asked(kit.CREATE, { input: { name: "" } }),
  errors: () => asked(kit.MISSING, { id: "x" }),
  "invalid document": () => asked(kit.INVALID),
  subscription: () => kit.progress(followed),
  changes: () => kit.changes(followed),
  "subscription that fails": async () => (await asked(kit.PROGRESS, { id: "x" })).codes,
  "persisted queries": persisted,
  "document by id": () =>
    asked(undefined, { account: kit.given.account, first: 2 }, { documentId: kit.given.document }),
});
