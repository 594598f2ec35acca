import type { ModelDefinition } from "../../src/models/define_model.ts";
import { jsonSchemaOf } from "../../src/models/field.ts";
import type { Flag } from "../cli/declaration.ts";
import { trainTask } from "../train/flags.ts";

/**
 * The JSON Schema of a config file of `train`, for editors.
 *
 * @param models The models that there are.
 * @returns The schema.
 */
export function trainSchema(models: readonly ModelDefinition[]): Record<string, unknown> {
  const { flags, summary } = trainTask(models);
  const properties = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, propertyOf(flag)]));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Config file of deno task train",
    description: summary,
    type: "object",
    properties: { $schema: { type: "string" }, ...properties },
    additionalProperties: false,
  };
}

function propertyOf(flag: Flag): Record<string, unknown> {
  if (flag.kind !== "list") return jsonSchemaOf(flag);
  return { type: "array", items: { type: "string" }, description: flag.description };
}
