import { alignDataset, type AlignedDataset } from "../../src/data/align_dataset.ts";
import { GENERATED_BY } from "../../src/data/generated.ts";
import { generatedAgain } from "../../src/data/generated_again.ts";
import { readDataset } from "../../src/files/read_dataset.ts";
import type { ModelFile } from "../../src/models/model_file.ts";
import type { Split } from "../../src/recommend/history.ts";
import { UsageError } from "./declaration.ts";

/**
 * The dataset that a model was trained on, or another that has ids in common with it, in the numbering of the model.
 *
 * @param task Name of the task, for messages.
 * @param file The model.
 * @param path Folder of the dataset; not needed for the generated one.
 * @returns The dataset, and what of it the model does not know.
 * @throws {UsageError} If there is no path and the model was trained on another dataset than the generated one.
 * @throws {RangeError} If the generated one cannot be made again, or the dataset has no item or, for a model that knows users, no user that the model knows.
 */
export async function datasetOf(task: string, file: ModelFile, path: string | undefined): Promise<AlignedDataset> {
  const { provenance, model, users, items } = file;
  if (path === undefined && provenance.createdBy !== GENERATED_BY) {
    throw new UsageError(`Cannot run ${task} as the model was trained on '${provenance.name}': pass --data DIR`);
  }
  const dataset = path === undefined
    ? generatedAgain(provenance, items.length, model.userTable ? users.length : null)
    : await readDataset(path);
  return alignDataset(dataset, { users: model.userTable ? users : null, items });
}

/**
 * What of a dataset a model does not know, in a line.
 *
 * @param unknown What was left out.
 * @param split The split that is ranked.
 * @returns The line; null where nothing was left out.
 */
export function leftOutLine(unknown: AlignedDataset["unknown"], split: Split): string | null {
  const { users, items } = unknown, targets = unknown[split];
  if (users === 0 && items === 0) return null;
  const parts = [
    ...users > 0 ? [`${users} users`] : [],
    ...items > 0 ? [`${items} items and with them ${targets} targets`] : [],
  ];
  return `left out as the model does not know them: ${parts.join("; ")}`;
}
