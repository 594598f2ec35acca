import type { Dataset } from "../../src/data/dataset.ts";
import { hexadecimal } from "../../src/data/digest.ts";
import { readModel } from "../../src/files/read_model.ts";
import { isTrainable, type ModelDefinition } from "../../src/models/define_model.ts";
import type { SettingValues } from "../../src/models/field.ts";
import type { ModelFile } from "../../src/models/model_file.ts";
import { relationsOf } from "../../src/models/relations.ts";
import { isSmoothed, type TrainingSettings } from "../../src/models/training_settings.ts";
import { weightsDigest } from "../../src/models/weights_digest.ts";
import type { Teachers } from "../../src/training/training_graph.ts";

/** What the graph of a run is made of besides the interactions of its dataset. */
export interface GraphSources {
  /** The models that `nearest` relations name, by their paths. */
  readonly teachers: Teachers;
  /** A digest of each teacher and of each column of categories, by relation. */
  readonly digests: Readonly<Record<string, string>>;
}

/**
 * Reads what the graph of a run is made of.
 *
 * @param dataset The dataset.
 * @param model The model of the run.
 * @param settings Its settings.
 * @param models The models that there are.
 * @returns Teachers and digests; none for a run that is not smoothed.
 * @throws {RangeError} If a teacher is not there.
 * @throws {SyntaxError} If a teacher is no model file.
 */
export async function readSources(
  dataset: Dataset,
  model: ModelDefinition,
  settings: SettingValues,
  models: readonly ModelDefinition[],
): Promise<GraphSources> {
  const teachers: Record<string, ModelFile> = {}, digests: Record<string, string> = {};
  const training = settings as unknown as TrainingSettings;
  if (!isTrainable(model) || !isSmoothed(training)) return { teachers, digests };
  for (const { kind, of } of relationsOf(training)) {
    if (kind === "nearest") {
      const file = teachers[of] = await readModel(of, models);
      digests[`nearest:${of}`] = await weightsDigest(file.weights);
    } else if (kind === "categories" && Object.hasOwn(dataset.itemColumns, of)) {
      const text = new TextEncoder().encode(JSON.stringify(dataset.itemColumns[of]));
      digests[`categories:${of}`] = hexadecimal(await crypto.subtle.digest("SHA-256", text));
    }
  }
  return { teachers, digests };
}
