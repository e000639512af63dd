// GraphQL Code Generator's TypeScript for a schema and for documents, and what the TypeScript compiler says to it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as typescript from "@graphql-codegen/typescript";
import * as operations from "@graphql-codegen/typescript-operations";
import { buildSchema, parse } from "graphql";
import ts from "typescript";

const given = JSON.parse(process.argv[2]);
const sdl = readFileSync(given.schema, "utf8");
const documents = readdirSync(given.documents)
  .filter((name) => name.endsWith(".graphql"))
  .map((name) => ({ location: name, document: parse(readFileSync(join(given.documents, name), "utf8")) }));

const written = (filename, plugin) =>
  codegen({
    filename,
    schema: parse(sdl),
    schemaAst: buildSchema(sdl),
    documents,
    config: { strictScalars: true, scalars: given.scalars },
    plugins: [{ plugin: {} }],
    pluginMap: { plugin },
  });

const files = {
  "schema.ts": await written("schema.ts", typescript),
  "operations.ts": await written("operations.ts", operations),
};

const options = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
};
const host = ts.createCompilerHost(options);
const { getSourceFile } = host;
host.getSourceFile = (name, ...more) =>
  name in files ? ts.createSourceFile(name, files[name], options.target) : getSourceFile(name, ...more);
const problems = ts.getPreEmitDiagnostics(ts.createProgram(Object.keys(files), options, host));
const told = {
  problems: problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
  schema: files["schema.ts"].match(/^export type \w+/gm).map((each) => each.slice(12)),
  operations: files["operations.ts"].match(/^export type \w+/gm).map((each) => each.slice(12)),
};
process.stdout.write(JSON.stringify(told));
