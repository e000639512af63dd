// Relay: its compiler's artifacts, its store, and a network layer as its applications write one.
import { createRequire } from "node:module";
import { createClient } from "graphql-ws";
import { meros } from "meros/browser";
import relay from "relay-runtime";

import * as kit from "./kit.mjs";

const { commitMutation, Environment, fetchQuery, getSingularSelector, Network, Observable } = relay;
const { createOperationDescriptor, RecordSource, requestSubscription, Store } = relay;

const required = createRequire(import.meta.url);
const artifact = (name, folder = "sent") => required(`${kit.given.compiled}/${folder}/${name}.graphql.js`);

const INCREMENTAL = "multipart/mixed;deferSpec=20220824";
const ACCEPT = "application/graphql-response+json, application/json;q=0.9";

/** Relay takes patches one by one, streamed items too. */
function* patches(part) {
  const { incremental, hasNext, ...initial } = part;
  if ("data" in initial) yield { ...initial, extensions: { ...initial.extensions, is_final: !hasNext } };
  for (const { items, path, ...patch } of incremental ?? []) {
    if (!items) yield { ...patch, path };
    for (const [index, data] of (items ?? []).entries())
      yield { ...patch, data, path: [...path.slice(0, -1), path.at(-1) + index] };
  }
}

const told = (params, variables) =>
  params.text ? { query: params.text, variables } : { documentId: params.id, variables };

function form(operation, files) {
  const body = new FormData();
  body.append("operations", JSON.stringify(operation));
  body.append("map", JSON.stringify(Object.fromEntries(Object.keys(files).map((path, at) => [at, [path]]))));
  Object.values(files).forEach((file, at) => body.append(String(at), file));
  return { body, headers: { ...kit.PREFLIGHT, accept: ACCEPT } };
}

function fetched(params, variables, _cacheConfig, files) {
  const operation = told(params, variables);
  const json = {
    body: JSON.stringify(operation),
    headers: { "content-type": "application/json", accept: `${INCREMENTAL}, ${ACCEPT}` },
  };
  return Observable.create((sink) => {
    const run = async () => {
      const answer = await fetch(kit.given.url, {
        method: "POST",
        ...(files ? form(operation, files) : json),
      });
      const parts = await meros(answer);
      if (parts === answer) return sink.next(await answer.json());
      for await (const { body } of parts) for (const patch of patches(body)) sink.next(patch);
    };
    run().then(() => sink.complete(), sink.error);
  });
}

const socket = createClient({ url: kit.given.socket });
const subscribed = (params, variables) =>
  Observable.create((sink) => socket.subscribe(told(params, variables), sink));

const environment = () =>
  new Environment({ network: Network.create(fetched, subscribed), store: new Store(new RecordSource()) });

const asked = (name, variables, { folder, store = environment() } = {}) =>
  fetchQuery(store, artifact(name, folder), variables).toPromise();

const read = (store, fragment, reference) =>
  store.lookup(getSingularSelector(artifact(fragment), reference)).data;

const changed = (name, input, uploadables, store = environment()) =>
  new Promise((resolve, reject) => {
    commitMutation(store, {
      mutation: artifact(name),
      variables: { input },
      uploadables,
      onCompleted: (data, errors) => (errors ? reject(new Error(JSON.stringify(errors))) : resolve(data)),
      onError: reject,
    });
  });

async function missing() {
  const { agreement } = await asked("appMissingQuery", { id: "x" });
  return { ok: agreement.ok, codes: kit.codes(agreement.errors) };
}

const names = ({ agreements }) => agreements.edges.map(({ node }) => node.name);

/** A second page comes by `node`, and the store joins it to the first. */
async function paged() {
  const store = environment();
  const id = kit.given.account;
  const { account } = await asked("appAccountQuery", { id }, { store });
  const first = read(store, "appContracts", account);
  const cursor = first.agreements.pageInfo.endCursor;
  await asked("appContractsPaginationQuery", { id, count: 2, cursor }, { store });
  const both = read(store, "appContracts", account);
  return { first: names(first), both: names(both), more: both.agreements.pageInfo.hasNextPage };
}

/** What a mutation answers with changes what is shown of the same object elsewhere. */
async function normalized() {
  const store = environment();
  const { agreement: id } = await kit.anAgreement();
  const query = createOperationDescriptor(artifact("appNodeQuery"), { id });
  store.retain(query);
  const before = await asked("appNodeQuery", { id }, { store });
  await changed("appDeactivateMutation", { agreementId: id }, undefined, store);
  return [before.node.status, store.lookup(query.fragment).data.node.status];
}

const followed = () =>
  kit.pulled(({ next, error, complete }) => {
    const subscription = artifact("appProgressSubscription");
    const variables = { id: kit.given.job };
    const { dispose } = requestSubscription(environment(), {
      subscription,
      variables,
      onNext: next,
      onError: error,
      onCompleted: complete,
    });
    return dispose;
  });

async function progress() {
  const seen = [];
  for await (const { jobProgress } of followed()) seen.push(jobProgress);
  return seen;
}

/** What the store shows at each payload, first and last. */
async function incrementally(name, shown) {
  const store = environment();
  const query = createOperationDescriptor(artifact(name), { id: kit.given.account });
  store.retain(query);
  const seen = [];
  await new Promise((resolve, reject) => {
    const show = () => seen.push(structuredClone(shown(store, store.lookup(query.fragment).data.account)));
    store.execute({ operation: query }).subscribe({ next: show, error: reject, complete: resolve });
  });
  return { first: seen[0], last: seen.at(-1) };
}

const rows = (store, account) => ({ name: account.name, ...read(store, "appRows", account) });

const contracts = (_store, account) => ({ name: account.name, contracts: names(account) });

await kit.report({
  query: () => asked("appNodeQuery", { id: kit.given.agreement }),
  "pages of a connection": paged,
  mutation: () => changed("appCreateMutation", { name: "Relay", domain: "relay.example" }),
  "mutation changes the store": normalized,
  "user errors": () => changed("appCreateMutation", { name: "" }),
  errors: missing,
  subscription: progress,
  "@defer": () => incrementally("appDeferredQuery", rows),
  "@stream": () => incrementally("appStreamedQuery", contracts),
  upload: () => {
    const { file, ...input } = kit.attachment("relay").input;
    return changed("appAttachMutation", { ...input, file: null }, { "variables.input.file": file });
  },
  "document by id": () => asked("appNodeQuery", { id: kit.given.agreement }, { folder: "kept" }),
});
