// PostGraphile over the tables themselves, on Node's own HTTP server.
import { createServer } from 'node:http';
import { PgManyToManyPreset } from '@graphile-contrib/pg-many-to-many';
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { PostGraphileRelayPreset } from 'postgraphile/presets/relay';
import { pgSmartTags } from 'postgraphile/utils';
import { serving } from './serving.mjs';

const SHOWN = ['accounts', 'agreements', 'agreement_templates', 'billing_contracts', 'providers', 'agreement_tags'];

// What else there is in the database is none of the API's; and the keys that hold the account beside the
// row are told as what they stand for, or no relation would follow from them.
const tags = pgSmartTags([
  { kind: 'class', match: ({ relname }) => !SHOWN.includes(relname), tags: { behavior: '-*' } },
  {
    kind: 'constraint',
    match: (each) => each.contype === 'f' && each.conkey.length > 1,
    tags: { behavior: '-*' },
  },
  { kind: 'attribute', match: 'accounts.address_country', tags: { name: 'country' } },
  {
    kind: 'class',
    match: 'agreements',
    tags: { foreignKey: '(template_id) references agreement_templates (id)|@fieldName template' },
  },
  {
    kind: 'class',
    match: 'agreement_tags',
    tags: {
      foreignKey: [
        '(agreement_id) references agreements (id)|@manyToManyFieldName agreements',
        '(billing_contract_id) references billing_contracts (id)|@manyToManyFieldName billingContracts',
      ],
    },
  },
]);

/** Global ids as our server writes them. */
const IdsPlugin = {
  name: 'IdsPlugin',
  version: '1.0.0',
  schema: {
    hooks: {
      init(_, build) {
        const { EXPORTABLE, grafast: { markSyncAndSafe } } = build;
        build.registerNodeIdCodec(EXPORTABLE((markSyncAndSafe) => ({
          name: 'typed',
          encode: markSyncAndSafe(([type, id]) => Buffer.from(`${type}:${id}`).toString('base64')),
          decode: markSyncAndSafe((given) => Buffer.from(given, 'base64').toString().split(':')),
        }), [markSyncAndSafe], 'typedNodeIdCodec'));
        return _;
      },
    },
  },
};

const preset = {
  extends: [
    PostGraphileAmberPreset, PostGraphileRelayPreset, PgSimplifyInflectionPreset, PgManyToManyPreset,
  ],
  plugins: [tags, IdsPlugin],
  schema: { defaultNodeIdCodec: 'typed' },
  pgServices: [makePgService({
    connectionString: `postgresql:///${process.env.PGDATABASE}?options=-c%20timezone%3DUTC`,
    poolConfig: { max: 10 },
    schemas: ['public'],
  })],
  grafserv: { graphqlPath: '/graphql', graphiql: false, websockets: false },
  grafast: { explain: false },
};
const instance = postgraphile(preset);
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(0, '127.0.0.1', () => serving(server.address().port));
