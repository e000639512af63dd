// urql: queries by GET, subscriptions over SSE, multipart and WebSocket, incremental answers, files, documents by id.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient } from "graphql-ws";

import * as kit from "./kit.mjs";

const clientOf = (options = {}) =>
  new Client({
    url: kit.given.url,
    exchanges: [fetchExchange],
    fetchSubscriptions: true,
    requestPolicy: "network-only",
    ...options,
  });

const told = ({ data, error }) => {
  if (error?.networkError) throw error.networkError;
  return error ? { data, codes: kit.codes(error.graphQLErrors) } : data;
};

const asked = async (document, variables, options) =>
  told(await clientOf(options).query(document, variables ?? {}).toPromise());

const done = async (document, variables, options) =>
  told(await clientOf(options).mutation(document, variables).toPromise());

const results = (start) => (document, variables) =>
  kit.pulled((sink) => {
    let last;
    const { unsubscribe } = start(document, variables).subscribe((result) => {
      // To say that nothing follows, the last data is given once more.
      const again = last !== undefined && result.data === last;
      last = result.data;
      if (result.error) return sink.error(result.error.networkError ?? result.error);
      if (!again) sink.next(result);
      if (!result.hasNext) sink.complete();
    });
    return unsubscribe;
  });

const followedBy = (options) => results((...asks) => clientOf(options).subscription(...asks));

const accepting = (accept) => ({ fetchOptions: { headers: { accept } } });

const overWebSocket = () => {
  const socket = createClient({ url: kit.given.socket });
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe(request, sink) }),
  });
  return { exchanges: [subscriptionExchange({ forwardSubscription })], fetchSubscriptions: false };
};

const incrementally = (document, options) =>
  kit.firstAndLast(
    results((...asks) => clientOf(options).query(...asks))(document, { account: kit.given.account }),
  );

async function persisted() {
  const watched = kit.watchedFetch();
  const options = { exchanges: [persistedExchange(), fetchExchange], fetch: watched.fetch };
  const document = kit.PAGE.replace("Page", "UrqlPersisted");
  const variables = { account: kit.given.account, first: 1 };
  const first = await asked(document, variables, options);
  const second = await asked(document, variables, options);
  return { same: JSON.stringify(first) === JSON.stringify(second), requests: watched.requests };
}

const byId = async (options) => {
  const watched = kit.watchedFetch();
  const document = { kind: "Document", definitions: [], documentId: kit.given.document };
  const variables = { account: kit.given.account, first: 2 };
  const data = await asked(document, variables, { ...options, fetch: watched.fetch });
  return { data, requests: watched.requests };
};

const refused = async () => {
  try {
    await followedBy()(kit.PROGRESS, { id: "x" }).next();
  } catch (error) {
    return kit.codes(error.graphQLErrors);
  }
};

await kit.report({
  "query by GET": () => asked(kit.PAGE, { account: kit.given.account, first: 2 }),
  query: () => asked(kit.PAGE, { account: kit.given.account, first: 2 }, { preferGetMethod: false }),
  mutation: () => done(kit.CREATE, { input: { name: "urql", domain: "urql.example" } }),
  "user errors": () => done(kit.CREATE, { input: { name: "" } }),
  errors: () => asked(kit.MISSING, { id: "x" }),
  "invalid document": () => asked(kit.INVALID),
  "subscription over WebSocket": () => kit.progress(followedBy(overWebSocket())),
  "changes over WebSocket": () => kit.changes(followedBy(overWebSocket())),
  "subscription over SSE": () => kit.progress(followedBy()),
  "changes over SSE": () => kit.changes(followedBy()),
  "subscription that fails, over SSE": refused,
  "subscription over multipart": () =>
    kit.progress(followedBy(accepting("multipart/mixed;subscriptionSpec=1.0"))),
  "@defer": () => incrementally(kit.DEFERRED),
  "@defer by POST": () => incrementally(kit.DEFERRED, { preferGetMethod: false }),
  "@stream": () => incrementally(kit.STREAMED),
  upload: () =>
    done(kit.ATTACH, kit.attachment("urql"), { fetchOptions: { headers: kit.PREFLIGHT } }),
  "persisted queries": persisted,
  "document by id": () => byId(),
  "document by id by POST": () => byId({ preferGetMethod: false }),
});
