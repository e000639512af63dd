// Apollo Client: HttpLink with its multipart subscriptions, both incremental handlers, uploads, persisted queries.
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, NetworkStatus } from "@apollo/client";
import { Defer20220824Handler, GraphQL17Alpha9Handler } from "@apollo/client/incremental";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { createClient } from "graphql-ws";

import * as kit from "./kit.mjs";

const uri = kit.given.url;

const clientOf = (link = new HttpLink({ uri }), options = {}) =>
  new ApolloClient({
    cache: new InMemoryCache(),
    link,
    defaultOptions: { query: { errorPolicy: "all" }, mutate: { errorPolicy: "all" } },
    ...options,
  });

const asked = async (document, variables, link) => {
  const { data, error } = await clientOf(link).query({ query: gql(document), variables });
  return error ? { data, codes: kit.codes(error.errors) } : data;
};

const done = async (document, variables, link) => {
  const { data, error } = await clientOf(link).mutate({ mutation: gql(document), variables });
  if (error) throw error;
  return data;
};

const followedBy = (link) => (document, variables) =>
  kit.pulled((sink) => {
    const next = (result) => (result.error ? sink.error(result.error) : sink.next(result));
    const subscription = clientOf(link)
      .subscribe({ query: gql(document), variables })
      .subscribe({ ...sink, next });
    return () => subscription.unsubscribe();
  });

const overWebSocket = () => new GraphQLWsLink(createClient({ url: kit.given.socket }));

/** The results as the link gives them: what is complete ends with its last part. */
const incrementally = (document, incrementalHandler) => {
  const client = clientOf(undefined, { incrementalHandler });
  const variables = { account: kit.given.account };
  return kit.firstAndLast(
    kit.pulled((sink) => {
      const watched = client.watchQuery({ query: gql(document), variables, fetchPolicy: "no-cache" });
      const subscription = watched.subscribe({
        next(result) {
          if (result.error) return sink.error(result.error);
          if (result.data) sink.next(result);
          if (result.networkStatus === NetworkStatus.ready) sink.complete();
        },
      });
      return () => subscription.unsubscribe();
    }),
  );
};

const persisting = (options, watched) =>
  ApolloLink.from([
    new PersistedQueryLink({ sha256: kit.sha256, ...options }),
    new HttpLink({ uri, fetch: watched.fetch }),
  ]);

async function persisted(options, document) {
  const watched = kit.watchedFetch();
  const variables = { account: kit.given.account, first: 1 };
  const first = await asked(document, variables, persisting(options, watched));
  const second = await asked(document, variables, persisting(options, watched));
  return { same: JSON.stringify(first) === JSON.stringify(second), requests: watched.requests };
}

const refused = async () => {
  try {
    await followedBy(new HttpLink({ uri }))(kit.PROGRESS, { id: "x" }).next();
  } catch (error) {
    return kit.codes(error.errors);
  }
};

await kit.report({
  query: () => asked(kit.PAGE, { account: kit.given.account, first: 2 }),
  "query by GET": () =>
    asked(kit.PAGE, { account: kit.given.account, first: 2 }, new HttpLink({ uri, useGETForQueries: true })),
  mutation: () => done(kit.CREATE, { input: { name: "Apollo", domain: "apollo.example" } }),
  "user errors": () => done(kit.CREATE, { input: { name: "" } }),
  errors: () => asked(kit.MISSING, { id: "x" }),
  "invalid document": () => asked(kit.INVALID),
  "subscription over WebSocket": () => kit.progress(followedBy(overWebSocket())),
  "changes over WebSocket": () => kit.changes(followedBy(overWebSocket())),
  "subscription over multipart": () => kit.progress(followedBy(new HttpLink({ uri }))),
  "changes over multipart": () => kit.changes(followedBy(new HttpLink({ uri }))),
  "subscription that fails, over multipart": refused,
  "@defer, deferSpec=20220824": () => incrementally(kit.DEFERRED, new Defer20220824Handler()),
  "@stream, deferSpec=20220824": () => incrementally(kit.STREAMED, new Defer20220824Handler()),
  "@defer, incrementalSpec=v0.2": () => incrementally(kit.DEFERRED, new GraphQL17Alpha9Handler()),
  "@stream, incrementalSpec=v0.2": () => incrementally(kit.STREAMED, new GraphQL17Alpha9Handler()),
  upload: () =>
    done(kit.ATTACH, kit.attachment("apollo"), new UploadHttpLink({ uri, headers: kit.PREFLIGHT })),
  "persisted queries": () => persisted({}, kit.PAGE.replace("Page", "ApolloPost")),
  "persisted queries by GET": () =>
    persisted({ useGETForHashedQueries: true }, kit.PAGE.replace("Page", "ApolloGet")),
});
