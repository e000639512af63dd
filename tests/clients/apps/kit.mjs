// What every client is asked to do, and how a script tells what came of it: one JSON object on standard output.
import { createHash } from "node:crypto";

/** Where the server is and what stands there, told by the test that runs the script. */
export const given = JSON.parse(process.argv[2]);

const LONGEST_MS = 40_000;

export const PAGE = `
  query Page($account: ID!, $first: Int!) {
    account(id: $account) {
      id
      name
      agreements(first: $first, orderBy: [{ field: NAME }]) {
        totalCount
        edges { node { id name } }
      }
    }
  }`;

export const CREATE = `
  mutation Create($input: CreateAccountInput!) {
    createAccount(input: $input) {
      account { name domain }
      userErrors { code field message }
    }
  }`;

export const MISSING = `query Missing($id: ID!) { agreement(id: $id) { id name } }`;

export const INVALID = `query Invalid { viewer { nonsense } }`;

export const PROGRESS = `subscription Progress($id: ID!) { jobProgress(id: $id) { id kind status } }`;

export const CHANGES = `
  subscription Changes($account: ID!, $after: String!) {
    agreementChanged(accountId: $account, after: $after) { type agreement { id status } }
  }`;

export const DEFERRED = `
  query Deferred($account: ID!) {
    account(id: $account) { id name ...Rows @defer }
  }
  fragment Rows on Account {
    domain
    agreements(first: 3, orderBy: [{ field: NAME }]) { edges { node { id name } } }
  }`;

export const STREAMED = `
  query Streamed($account: ID!) {
    account(id: $account) {
      id
      name
      agreements(first: 4, orderBy: [{ field: NAME }]) {
        edges @stream(initialCount: 1) { node { id name } }
      }
    }
  }`;

export const ATTACH = `
  mutation Attach($input: AttachDocumentInput!) {
    attachDocument(input: $input) {
      document { fileName contentType size sha256 kind }
      userErrors { code field }
    }
  }`;

const DEACTIVATE = `
  mutation Deactivate($input: DeactivateAgreementInput!) {
    deactivateAgreement(input: $input) { userErrors { code } }
  }`;

/** Run each feature, side by side, and write {feature: {value} or {error}}; ends the process. */
export async function report(features) {
  const entries = Object.entries(features).map(async ([name, run]) => [name, await told(run)]);
  process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(entries))), () => process.exit(0));
}

async function told(run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${LONGEST_MS} ms`)), LONGEST_MS);
  });
  try {
    return { value: plain(await Promise.race([run(), late])) };
  } catch (error) {
    return { error: error instanceof Error ? String(error.stack) : JSON.stringify(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Without what clients add to documents by themselves, and without ids, which no test knows beforehand. */
function plain(value) {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, each) => (key === "__typename" || key === "id" ? undefined : each)),
  );
}

export const codes = (errors) => (errors ?? []).map((error) => error.extensions?.code);

export const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** A small document whose bytes nobody else attaches. */
export const pdf = (name) =>
  new File([`%PDF-1.7\n% from ${name}\n%%EOF\n`], `${name}.pdf`, { type: "application/pdf" });

export const attachment = (name) => ({
  input: { agreementId: given.agreement, kind: "SIGNED", file: pdf(name) },
});

/** What a page of another origin cannot send without being allowed to. */
export const PREFLIGHT = { "apollo-require-preflight": "true" };

/** Follow the job that has ended: `follow(document, variables)` iterates over results. */
export async function progress(follow) {
  const seen = [];
  for await (const { data } of follow(PROGRESS, { id: given.job })) seen.push(data.jobProgress);
  return seen;
}

/** A sequence that lies before everything: what is followed from there begins with what has been. */
const LONG_AGO = Buffer.from("AgreementChange:00000000-0000-7000-8000-000000000000").toString("base64");

/** Follow an account's agreements from their first one on, change it, and leave when the change has come. */
export async function changes(follow) {
  const { account, agreement } = await anAgreement();
  const seen = [];
  for await (const { data } of follow(CHANGES, { account, after: LONG_AGO })) {
    seen.push(data.agreementChanged);
    if (seen.length > 1) break;
    await ask(DEACTIVATE, { input: { agreementId: agreement } });
  }
  return seen.map(({ type }) => type);
}

export async function anAgreement() {
  const made = await ask(
    `mutation ($account: CreateAccountInput!) { createAccount(input: $account) { account { id } } }`,
    { account: { name: "Followed" } },
  );
  const account = made.createAccount.account.id;
  const written = await ask(
    `mutation ($input: CreateAgreementInput!) { createAgreement(input: $input) { agreement { id } } }`,
    { input: { accountId: account, agreementTemplateId: given.template } },
  );
  return { account, agreement: written.createAgreement.agreement.id };
}

async function ask(query, variables) {
  const answer = await fetch(given.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/**
 * Iterate over what a client pushes.
 *
 * `subscribe({next, error, complete})` gives the function that ends it.
 */
export async function* pulled(subscribe) {
  const waiting = [];
  let wake = () => {};
  const put = (item) => {
    waiting.push(item);
    wake();
  };
  const end = subscribe({
    next: (value) => put({ value }),
    error: (error) => put({ error }),
    complete: () => put({}),
  });
  try {
    for (;;) {
      while (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
      const item = waiting.shift();
      if ("error" in item) throw item.error;
      if (!("value" in item)) return;
      yield item.value;
    }
  } finally {
    end();
  }
}

/** What an incremental answer shows first and last. */
export async function firstAndLast(results) {
  const shown = [];
  for await (const { data } of results) if (data) shown.push(structuredClone(data));
  return { first: shown[0], last: shown.at(-1) };
}

/** fetch, and a list of what each request consisted of. */
export function watchedFetch() {
  const requests = [];
  const watched = (url, options) => {
    const members = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(url).searchParams);
    const names = ["query", "documentId", "extensions"].filter((name) => members[name]);
    requests.push(`${options.method} ${names.join(" ")}`);
    return fetch(url, options);
  };
  return { requests, fetch: watched };
}
