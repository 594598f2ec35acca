import type { ModelDefinition } from "../../src/models/define_model.ts";
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
  const { description } = flag;
  switch (flag.kind) {
    case "string":
      return { type: "string", description };
    case "boolean":
      return { type: "boolean", description };
    case "list":
      return { type: "array", items: { type: "string" }, description };
    case "choice":
      return { enum: flag.choices, description };
    case "number":
    case "integer": {
      const { min: minimum, max: maximum, above: exclusiveMinimum, below: exclusiveMaximum } = flag;
      const bounds = Object.entries({ minimum, maximum, exclusiveMinimum, exclusiveMaximum });
      return { type: flag.kind, description, ...Object.fromEntries(bounds.filter(([, bound]) => bound !== undefined)) };
    }
  }
}
