import { openDevice } from "@sevo/sevo";
import { isTrainable, type ModelDefinition, type ModelFile, type ModelWeights } from "../../src/models/mod.ts";
import { resolveSettings } from "../../src/models/settings.ts";
import { type Dataset, train } from "../../src/training/mod.ts";
import { checkerboard } from "../models/_contract.ts";

/** A small dataset whose items have titles, but one. */
export const DATASET: Dataset = {
  ...checkerboard(),
  itemColumns: {
    name: checkerboard().items.map((id) => `the name of ${id}`),
    title: checkerboard().items.map((id, row) => row === 3 ? null : `Title of ${id}`),
  },
};

/** Settings at which a model is small, of those that it has. */
export function smallSettings(model: ModelDefinition): Record<string, number | boolean> {
  const all = { dimension: 8, maxLength: 6, blocks: 1, heads: 2, neighbours: 12, batch: 16, epochs: 1, seed: 3 };
  return Object.fromEntries(Object.entries(all).filter(([name]) => model.fields.has(name)));
}

const TRAINED = new Map<string, Promise<ModelFile>>();

/**
 * A model after one epoch, or counted. It is trained once, on the cpu.
 *
 * @param model The model.
 * @returns What its file would hold.
 */
export function trained(model: ModelDefinition): Promise<ModelFile> {
  let file = TRAINED.get(model.name);
  if (!file) TRAINED.set(model.name, file = trainOnce(model));
  return file;
}

async function trainOnce(model: ModelDefinition): Promise<ModelFile> {
  await using device = await openDevice("cpu", { threads: 1 });
  const { settings, weights } = await train(device, DATASET, model, smallSettings(model));
  return fileOf(model, settings, weights, DATASET);
}

/** A model with weights as drawn, for datasets that it would take long to train on; or counted. */
export function untrained(model: ModelDefinition, dataset: Dataset): ModelFile {
  const given = smallSettings(model), settings = resolveSettings(model, given);
  const weights = isTrainable(model)
    ? model.initialWeights(dataset, resolveSettings(model, given))
    : model.count(dataset, settings);
  return fileOf(model, settings, weights, dataset);
}

function fileOf(
  model: ModelDefinition,
  settings: ModelFile["settings"],
  weights: ModelWeights,
  { provenance, users, items, itemColumns }: Dataset,
): ModelFile {
  return { model, settings, weights, provenance, users: model.userTable ? users : [], items, itemColumns };
}
