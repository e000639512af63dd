// @graphql-eslint on the SDL, and on example documents against it: [place, rule, message].
import graphql from "@graphql-eslint/eslint-plugin";
import { ESLint } from "eslint";

const { folder, schema, documents } = JSON.parse(process.argv[2]);
process.chdir(folder);

const { parser, configs } = graphql;

const block = (files, names, ...own) => ({
  files,
  languageOptions: { parser, parserOptions: { graphQLConfig: { schema, documents } } },
  plugins: { "@graphql-eslint": graphql },
  rules: Object.assign({}, ...names.map((name) => configs[`flat/${name}`].rules), ...own),
});

const schemaRules = {
  // What is no object of its own has no id.
  "@graphql-eslint/strict-id-in-types": [
    "error",
    {
      exceptions: {
        suffixes: ["Payload", "Connection", "Edge", "Request", "Capabilities", "Change", "Error"],
        types: ["Address", "AgreementCoverage", "Contact", "PageInfo", "TenantCredentials", "Viewer"],
      },
    },
  ],
  // Short lists that never grow, of values and of what a mutation made, are plain lists.
  "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
};

const documentRules = {
  // The tour is read by people.
  "@graphql-eslint/require-selections": "off",
  // The server's own limit; a connection takes three levels.
  "@graphql-eslint/selection-set-depth": ["error", { maxDepth: 15 }],
};

const eslint = new ESLint({
  cwd: folder,
  overrideConfigFile: true,
  overrideConfig: [
    block([schema], ["schema-recommended", "schema-relay"], schemaRules),
    block([documents], ["operations-recommended"], documentRules),
  ],
});
const results = await eslint.lintFiles([schema, documents]);
const found = results.flatMap(({ filePath, messages }) =>
  messages.map(({ ruleId, message, line }) => [`${filePath.slice(folder.length + 1)}:${line}`, ruleId, message]),
);
process.stdout.write(JSON.stringify({ files: results.length, found }), () => process.exit(0));
