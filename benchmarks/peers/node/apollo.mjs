// Apollo Server with DataLoaders, on Fastify.
import { ApolloServer } from '@apollo/server';
import fastifyApollo from '@as-integrations/fastify';
import Fastify from 'fastify';
import { loaders, resolvers, typeDefs } from './resolvers.mjs';
import { serving } from './serving.mjs';

const apollo = new ApolloServer({ typeDefs, resolvers, introspection: false, persistedQueries: false });
await apollo.start();
const app = Fastify();
await app.register(fastifyApollo(apollo), { context: async () => loaders() });
await app.listen({ host: '127.0.0.1', port: 0 });
serving(app.server.address().port);
