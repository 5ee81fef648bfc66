// schema_check.mjs SCHEMA REPORT... - do the reports satisfy the schema, and does the schema know all of their keys?
//
// A reader must put up with new keys, so the schema allows them; here they are refused, so that none stays undescribed.
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";

function refuseOthers(schema) {
  if (typeof schema !== "object" || schema === null) return schema;
  for (const part of Object.values(schema)) refuseOthers(part);
  if (schema.properties && schema.type === "object") schema.additionalProperties = false;
  return schema;
}

const [schemaPath, ...reports] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(schemaPath, "utf8"));
const Ajv = Ajv2020.default ?? Ajv2020;
new Ajv({ strict: true, allowUnionTypes: true }).compile(schema); // is itself sound
const { $id, ...open } = schema;
const validate = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true }).compile(refuseOthers(open));
let failed = false;
for (const path of reports) {
  if (validate(JSON.parse(readFileSync(path, "utf8")))) continue;
  failed = true;
  for (const error of validate.errors) console.log(`${path}${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
}
process.exit(failed ? 1 : 0);
