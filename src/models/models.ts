import type { ModelDefinition } from "./define_model.ts";
import * as definitions from "./definitions.ts";

/** All models of this package, by which `--model` and model files name them. */
export const MODELS: readonly ModelDefinition[] = Object.values(definitions);
