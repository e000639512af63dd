// Mercurius with its JIT and its own loaders, on Fastify.
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { account, accounts, agreementsOf, contractsOf, rename } from './rows.mjs';
import { serving } from './serving.mjs';

/** Rows as Mercurius tells them apart: it turns each parent into text for that, and their ids suffice. */
function told(connection) {
  for (const { node } of connection.edges) node.toJSON = idOf;
  return connection;
}

function idOf() {
  return this.id;
}

/** A loader is given all parents of a level at once; those that ask for pages of one size share a statement. */
function batched(read) {
  return {
    async loader(queries) {
      const first = queries[0].params.first;
      if (queries.every((each) => each.params.first === first)) {
        return read(queries.map((each) => each.obj.rowId), first);
      }
      const answers = new Array(queries.length);
      for (const size of new Set(queries.map((each) => each.params.first))) {
        const places = queries.flatMap((each, at) => (each.params.first === size ? [at] : []));
        const some = await read(places.map((at) => queries[at].obj.rowId), size);
        places.forEach((at, place) => { answers[at] = some[place]; });
      }
      return answers;
    },
    opts: { cache: false }, // each parent asks once in a request: there is nothing to keep
  };
}

const app = Fastify();
app.register(mercurius, {
  schema: readFileSync(new URL('schema.graphql', import.meta.url), 'utf8'),
  resolvers: {
    Query: { account: (_, { id }) => account(id), accounts: async (_, { first }) => told(await accounts(first)) },
    Mutation: { updateAccount: (_, { input }) => rename(input) },
  },
  loaders: {
    Account: { agreements: batched(async (ids, first) => (await agreementsOf(ids, first)).map(told)) },
    Agreement: { billingContracts: batched(contractsOf) },
  },
  jit: 1,
});
await app.listen({ host: '127.0.0.1', port: 0 });
serving(app.server.address().port);
