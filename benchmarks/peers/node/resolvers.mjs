// The schema with DataLoaders, for servers that have no batches of their own.
import { readFileSync } from 'node:fs';
import DataLoader from 'dataloader';
import { account, accounts, agreementsOf, contractsOf, rename } from './rows.mjs';

export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8');

export const resolvers = {
  Query: {
    account: (_, { id }) => account(id),
    accounts: (_, { first }) => accounts(first),
  },
  Mutation: { updateAccount: (_, { input }) => rename(input) },
  Account: { agreements: ({ rowId }, { first }, context) => context.agreements(first).load(rowId) },
  Agreement: { billingContracts: ({ rowId }, { first }, context) => context.contracts(first).load(rowId) },
};

/** What a request reads by: loaders, one for each size of page that is asked for. */
export function loaders() {
  const bySize = (read) => {
    const made = new Map();
    return (first) => {
      if (!made.has(first)) made.set(first, new DataLoader((ids) => read(ids, first), { maxBatchSize: 10000 }));
      return made.get(first);
    };
  };
  return { agreements: bySize(agreementsOf), contracts: bySize(contractsOf) };
}
