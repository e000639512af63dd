// Builds dist/: everything GraphiQL needs, served by the API itself. Run it with `npm ci && npm run build`.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

const DIST = "dist";
const ASSETS = join(DIST, "assets");
const WORKERS = {
  editor: "monaco-editor/esm/vs/editor/editor.worker.js",
  graphql: "monaco-graphql/esm/graphql.worker.js",
  json: "monaco-editor/esm/vs/language/json/json.worker.js",
};
const NOTICE = /^(licen[cs]e|copying|notice|third-?party-?notices)(\.(txt|md))?$/i;
const common = {
  bundle: true,
  minify: true,
  metafile: true,
  legalComments: "none", // LICENSES.txt has them all
  target: ["chrome115", "firefox115", "safari16.4"],
  define: { "process.env.NODE_ENV": '"production"' },
  outdir: ASSETS,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  logLevel: "warning",
};

await rm(DIST, { recursive: true, force: true });
await mkdir(ASSETS, { recursive: true });

const workers = await build({ ...common, entryPoints: WORKERS, format: "iife" });
const workerFiles = Object.fromEntries(
  Object.keys(WORKERS).map((name) => [name, basename(outputOf(workers, `${name}-`))]),
);

// GraphiQL's own stylesheet holds the editor's already; without this each chunk brings another copy.
const noEditorStyles = {
  name: "no-editor-styles",
  setup({ onLoad }) {
    onLoad({ filter: /monaco-editor.*\.css$/ }, () => ({ contents: "", loader: "css" }));
  },
};

const page = await build({
  ...common,
  plugins: [noEditorStyles],
  entryPoints: { graphiql: "src/main.jsx" },
  format: "esm",
  splitting: true,
  jsx: "automatic",
  define: { ...common.define, WORKER_FILES: JSON.stringify(workerFiles) },
});

const style = outputOf(page, "graphiql-", ".css");
await writeFile(style, await withFontsAsFiles(await readFile(style, "utf8")));

const html = await readFile("src/index.html", "utf8");
await writeFile(
  join(DIST, "index.html"),
  html
    .replace("%SCRIPT%", basename(outputOf(page, "graphiql-", ".js")))
    .replace("%STYLE%", basename(style)),
);
await writeFile(join(DIST, "LICENSES.txt"), await licences([workers, page]));

function outputOf(result, prefix, suffix = ".js") {
  const outputs = Object.entries(result.metafile.outputs);
  const isEntry = (output) => suffix === ".css" || output.entryPoint !== undefined;
  return outputs.find(
    ([path, output]) => basename(path).startsWith(prefix) && path.endsWith(suffix) && isEntry(output),
  )[0];
}

// Fonts inlined as data: would need `font-src data:` in the page's policy, and are fetched whether used or not.
async function withFontsAsFiles(css) {
  const fonts = [...css.matchAll(/url\("?data:font\/(\w+);base64,([^")]+)"?\)/g)];
  for (const [whole, kind, encoded] of fonts) {
    const content = Buffer.from(encoded, "base64");
    const name = `font-${createHash("sha256").update(content).digest("hex").slice(0, 8)}.${kind}`;
    await writeFile(join(ASSETS, name), content);
    css = css.replace(whole, `url(${name})`);
  }
  return css;
}

async function licences(results) {
  const inputs = results.flatMap((result) => Object.keys(result.metafile.inputs));
  const folders = new Set(inputs.map((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean));
  const entries = await Promise.all([...folders].sort().map(licence));
  return `Packages bundled into these files, with their licences.\n${[...new Set(entries)].join("")}`;
}

async function licence(folder) {
  const { name, version, license, author } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder)).filter((each) => NOTICE.test(each)).sort();
  const own = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const text = own.join("\n\n") || (await inherited(name, license, author));
  return `\n${"=".repeat(80)}\n${name} ${version} (${license})\n\n${text.trim()}\n`;
}

// Packages of the GraphiQL repository that ship without the file share its licence.
async function inherited(name, license, author) {
  if (/^(@graphiql\/|monaco-graphql$|graphql-language-service$)/.test(name)) {
    return readFile("node_modules/graphiql/LICENSE", "utf8");
  }
  const holder = typeof author === "string" ? author : author?.name;
  return [`License: ${license}`, holder && `Author: ${holder}`].filter(Boolean).join("\n");
}
