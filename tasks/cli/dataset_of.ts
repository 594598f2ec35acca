import type { Dataset } from "../../src/data/dataset.ts";
import { GENERATED_BY, generatedDataset } from "../../src/data/generated.ts";
import { readDataset } from "../../src/files/read_dataset.ts";
import type { ModelFile } from "../../src/models/model_file.ts";
import { UsageError } from "./declaration.ts";

/**
 * The dataset that a model was trained on, checked to have the same items and, for a model that knows users, the same users.
 *
 * @param task Name of the task, for messages.
 * @param file The model.
 * @param path Folder of the dataset; not needed for the generated one.
 * @returns The dataset.
 * @throws {UsageError} If there is no path, or the dataset has other items, or other users than a model that knows them.
 */
export async function datasetOf(task: string, file: ModelFile, path: string | undefined): Promise<Dataset> {
  const { provenance, model } = file;
  if (path === undefined && provenance.createdBy !== GENERATED_BY) {
    throw new UsageError(`Cannot run ${task} as the model was trained on '${provenance.name}': pass --data DIR`);
  }
  const dataset = path === undefined ? generatedDataset(provenance.options) : await readDataset(path);
  for (const what of ["users", "items"] as const) {
    if ((what === "users" && !model.userTable) || same(file[what], dataset[what])) continue;
    throw new UsageError(
      `Cannot run ${task} as the model was trained on other ${what} than '${path ?? dataset.name}' has`,
    );
  }
  return dataset;
}

function same(model: readonly string[], dataset: readonly string[]): boolean {
  return model.length === dataset.length && model.every((name, at) => name === dataset[at]);
}
