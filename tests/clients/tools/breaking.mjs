// GraphQL Inspector: what breaks clients of the baseline.
import { readFileSync } from "node:fs";
import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";

const [before, after] = JSON.parse(process.argv[2]).map((path) => buildSchema(readFileSync(path, "utf8")));
const changes = await diff(before, after);
const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
process.stdout.write(JSON.stringify(breaking.map(({ path, message }) => `${path}: ${message}`)));
