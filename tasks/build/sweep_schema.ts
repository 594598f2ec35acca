import { specJsonSchema } from "../../src/experiments/spec.ts";
import type { ModelDefinition } from "../../src/models/define_model.ts";
import { specOptions, task } from "../sweep/flags.ts";

/**
 * The JSON Schema of a spec of `sweep`, for editors.
 *
 * @param models The models that there are.
 * @returns The schema.
 */
export function sweepSchema(models: readonly ModelDefinition[]): Record<string, unknown> {
  const { $schema, ...schema } = specJsonSchema(specOptions(models));
  return { $schema, title: "Spec of deno task sweep", description: task.summary, ...schema };
}
