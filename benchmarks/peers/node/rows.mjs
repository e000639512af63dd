// The statements that all peers ask, by `pg`; where the database is, libpq's variables say.
import { readFileSync } from 'node:fs';
import pg from 'pg';

const DATE = 1082;
const TIMESTAMPTZ = 1184;
const CONNECTIONS = 10;

// As our server writes them; a Date would be made only to be written again.
pg.types.setTypeParser(DATE, (text) => text);
pg.types.setTypeParser(TIMESTAMPTZ, (text) => `${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, 'Z')}`);

export const pool = new pg.Pool({ max: CONNECTIONS, options: '-c timezone=UTC' });

const statements = Object.fromEntries(
  ['accounts', 'agreements', 'billing_contracts', 'account', 'rename'].map((name) => {
    const text = readFileSync(new URL(`../sql/${name}.postgresql.sql`, import.meta.url), 'utf8');
    return [name, { name, text: text.replace(/^--.*\n/gm, '') }]; // by its name it is prepared once
  }),
);

async function ask(name, values) {
  const { rows } = await pool.query({ ...statements[name], values });
  return rows;
}

const encodeId = (type, rowId) => Buffer.from(`${type}:${rowId}`).toString('base64');

function decodeId(given, type) {
  const [found, rowId] = Buffer.from(given, 'base64').toString().split(':');
  if (found !== type) throw new Error(`${given} is no id of the type ${type}.`);
  return rowId;
}

function connection(rows, first, node) {
  const shown = rows.length > first ? rows.slice(0, first) : rows;
  return {
    edges: shown.map((row) => ({ node: node(row) })),
    pageInfo: { hasNextPage: rows.length > first, hasPreviousPage: false },
  };
}

/** One connection for each parent; rows name their parent by its place, counted from 1. */
function connections(rows, parents, first, node) {
  const below = Array.from({ length: parents }, () => []);
  for (const row of rows) below[row.parentAt - 1].push(row);
  return below.map((each) => connection(each, first, node));
}

function asAccount(row) {
  row.id = encodeId('Account', row.rowId);
  return row;
}

function asAgreement(row) {
  row.id = encodeId('Agreement', row.rowId);
  row.template = { name: row.templateName, version: row.currentVersion };
  row.provider = { name: row.providerName };
  return row;
}

const asIs = (row) => row;

export async function accounts(first) {
  return connection(await ask('accounts', [first + 1]), first, asAccount);
}

export async function account(id) {
  const [row] = await ask('account', [decodeId(id, 'Account')]);
  return row ? asAccount(row) : null;
}

/** The agreements of accounts, in their order. */
export async function agreementsOf(accountIds, first) {
  return connections(await ask('agreements', [accountIds, first + 1]), accountIds.length, first, asAgreement);
}

/** The billing contracts of agreements, in their order. */
export async function contractsOf(agreementIds, first) {
  return connections(
    await ask('billing_contracts', [agreementIds, first + 1]), agreementIds.length, first, asIs,
  );
}

export async function rename({ accountId, name }) {
  const [row] = await ask('rename', [decodeId(accountId, 'Account'), name, name.toLowerCase()]);
  if (row) return { account: asAccount(row), userErrors: [] };
  const error = { code: 'NOT_FOUND', message: 'There is no such account.', field: ['accountId'] };
  return { account: null, userErrors: [error] };
}
