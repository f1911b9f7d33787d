// Usage: node check.mjs FILE. Exits 0 when FILE is a valid OpenAPI document and every `$ref` in it resolves.
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const { valid, errors } = await validator.validate(process.argv[2]);
if (!valid) {
  console.error(JSON.stringify(errors, null, 2));
  process.exit(1);
}
validator.resolveRefs();
console.log(`valid OpenAPI ${validator.version}`);
