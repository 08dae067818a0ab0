// Types from the four OpenAPI documents and the events' schemas, as one document: the services share one origin.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));
const docs = process.env.CLINCH_DOCS ?? join(here, "../../../../docs");
const into = join(here, "../src/generated");

const read = (folder) =>
  readdirSync(join(docs, folder))
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => [name.slice(0, -".json".length), JSON.parse(readFileSync(join(docs, folder, name), "utf8"))]);

/** What the client sends by itself: a caller may leave it out. */
const SENT_BY_ITSELF = new Set(["If-Match", "Idempotency-Key"]);

function merged(documents) {
  const whole = { openapi: "3.1.0", info: { title: "Clinch", version: "1" }, paths: {}, components: { schemas: {} } };
  const ids = new Set();
  for (const [service, document] of documents) {
    for (const [kind, named] of Object.entries(document.components)) {
      whole.components[kind] ??= {};
      for (const [name, shape] of Object.entries(named)) add(whole.components[kind], name, shape, service);
    }
    for (const [path, operations] of Object.entries(document.paths)) {
      if (path in whole.paths) continue; // policies: the same operations in each service, told apart by the name of the policy
      for (const operation of Object.values(operations)) {
        if (ids.has(operation.operationId)) operation.operationId += `_${service.replaceAll("-", "_")}`;
        ids.add(operation.operationId);
        for (const parameter of operation.parameters ?? []) if (SENT_BY_ITSELF.has(parameter.name)) parameter.required = false;
      }
      whole.paths[path] = operations;
    }
  }
  return whole;
}

function add(known, name, shape, whose) {
  if (name in known && !isDeepStrictEqual(known[name], shape)) throw new Error(`${name} of ${whose} has another shape elsewhere`);
  known[name] = shape;
}

/** The data of each event by its type, as the schema `EventData`. */
function withEvents(whole, schemas) {
  const data = { type: "object", properties: {}, required: [] };
  for (const [type, { $schema, $id, $defs = {}, ...schema }] of schemas) {
    const moved = (node) => {
      if (Array.isArray(node)) return node.map(moved);
      if (node === null || typeof node !== "object") return node;
      return Object.fromEntries(
        Object.entries(node).map(([key, value]) => [key, key === "$ref" ? value.replace("#/$defs/", `#/components/schemas/${type}.`) : moved(value)]),
      );
    };
    for (const [name, shape] of Object.entries($defs)) whole.components.schemas[`${type}.${name}`] = moved(shape);
    data.properties[type] = moved(schema);
    data.required.push(type);
  }
  whole.components.schemas.EventData = data;
  return whole;
}

/** A list to which a later release may add: its values are offered, and any other text is one too. */
function open(schema) {
  if (!schema["x-more-may-come"]) return undefined;
  const text = ts.factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword);
  const other = ts.factory.createIntersectionTypeNode([text, ts.factory.createTypeLiteralNode([])]);
  const known = schema.enum.map((value) => ts.factory.createLiteralTypeNode(ts.factory.createStringLiteral(value)));
  return ts.factory.createUnionTypeNode([...known, other]);
}

/** Items with all of their fields: what is there when `fields` names some of them is what `only` is for. */
function withWholeItems(whole) {
  const shapes = whole.components.schemas;
  for (const { properties } of Object.values(shapes)) {
    const [item, part] = properties?.items?.items?.anyOf ?? [];
    if (part?.$ref === `${item?.$ref}.Part`) properties.items.items = item;
  }
  for (const name of Object.keys(shapes)) if (name.endsWith(".Part")) delete shapes[name];
  return whole;
}

const whole = withEvents(withWholeItems(merged(read("openapi"))), read("schemas"));
// A field of a body that has a default may be left out; the answers name all of their fields as required.
const types = astToString(await openapiTS(whole, { defaultNonNullable: false, transform: open }));
mkdirSync(into, { recursive: true });
writeFileSync(join(into, "schema.ts"), types);
console.log(`${Object.keys(whole.paths).length} paths and ${Object.keys(whole.components.schemas.EventData.properties).length} events.`);
