import type { Dataset } from "../../src/data/dataset.ts";
import { datasetDigest } from "../../src/data/digest.ts";
import { GENERATED_BY } from "../../src/data/generated.ts";
import { generatedAgain } from "../../src/data/generated_again.ts";
import { DatasetError, readDataset } from "../../src/files/read_dataset.ts";
import { readModel } from "../../src/files/read_model.ts";
import type { ModelDefinition } from "../../src/models/define_model.ts";
import type { ModelFile } from "../../src/models/model_file.ts";
import type { Arm, Panel } from "../../src/report/panels.ts";
import { UsageError } from "../cli/declaration.ts";

/** Datasets of runs by their digests; or why one is not at hand, in a sentence. */
export type FoundDatasets = ReadonlyMap<string, Dataset | string>;

/**
 * Finds the datasets of runs: in the folders given, else where they were at training; the generated one is made again.
 *
 * @param panels The panels of the runs.
 * @param given Folders of datasets.
 * @param models The models that there are.
 * @returns For each dataset the dataset, or why it is not at hand.
 * @throws {UsageError} If a folder that is given has none of these datasets.
 * @throws {DatasetError} If a folder that is given has no dataset.
 */
export async function datasetsOf(
  panels: readonly Panel[],
  given: readonly string[],
  models: readonly ModelDefinition[],
): Promise<FoundDatasets> {
  const digests = new Set(panels.map(({ digest }) => digest)), found = new Map<string, Dataset | string>();
  for (const path of given) {
    const dataset = await readDataset(path), digest = await datasetDigest(dataset);
    if (!digests.has(digest)) {
      const names = new Set(panels.map(({ dataset }) => `'${dataset}'`));
      throw new UsageError(
        `Cannot run report as '${path}' has another content than what the runs were trained on: expected ${
          [...names].join(" or ")
        }`,
      );
    }
    found.set(digest, dataset);
  }
  for (const digest of digests) {
    if (!found.has(digest)) {
      found.set(
        digest,
        await atTraining(panels.filter((panel) => panel.digest === digest), models),
      );
    }
  }
  return found;
}

/**
 * The model of a run.
 *
 * @param row The run.
 * @param models The models that there are.
 * @returns The model; null where the run has none, or it is none that there is.
 */
export async function modelOf(
  { run }: Arm["rows"][number],
  models: readonly ModelDefinition[],
): Promise<ModelFile | null> {
  try {
    return await readModel(run.path, models);
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

async function atTraining(panels: readonly Panel[], models: readonly ModelDefinition[]): Promise<Dataset | string> {
  const { dataset: name, digest } = panels[0]!;
  const rows = panels.flatMap(({ sevo, plain, untrained }) => [...sevo, ...plain, ...untrained]).flatMap(({ rows }) =>
    rows
  );
  const paths = new Set(rows.flatMap(({ run: { config: { data } } }) => typeof data === "string" ? [data] : []));
  let hasChanged = false;
  for (const path of paths) {
    try {
      const dataset = await readDataset(path);
      if (await datasetDigest(dataset) === digest) return dataset;
      hasChanged = true;
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
    }
  }
  if (paths.size > 0) {
    const why = hasChanged
      ? "has changed since the runs were trained"
      : "is not where it was when the runs were trained";
    return `The dataset ${name} ${why}, so nothing is said of its items: give --data DIR.`;
  }
  return await generated(name, rows, models);
}

async function generated(
  name: string,
  rows: Arm["rows"],
  models: readonly ModelDefinition[],
): Promise<Dataset | string> {
  for (const row of rows) {
    const file = await modelOf(row, models);
    if (file?.provenance.createdBy !== GENERATED_BY) continue;
    try {
      const dataset = generatedAgain(
        file.provenance,
        file.items.length,
        file.model.userTable ? file.users.length : null,
      );
      if (await datasetDigest(dataset) === row.run.dataset.digest) return dataset;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return `The dataset ${name} cannot be made again from these runs, so nothing is said of its items.`;
}
