// GraphQL Yoga with graphql-jit and DataLoaders, on Node's own HTTP server.
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { createSchema, createYoga } from 'graphql-yoga';
import { loaders, resolvers, typeDefs } from './resolvers.mjs';
import { serving } from './serving.mjs';

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: loaders,
  plugins: [useGraphQlJit()],
  logging: false,
  graphiql: false,
  landingPage: false,
  multipart: false,
});
const server = createServer(yoga);
server.listen(0, '127.0.0.1', () => serving(server.address().port));
