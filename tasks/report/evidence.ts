import type { Dataset } from "../../src/data/dataset.ts";
import { openDevice } from "../../src/device/open_device.ts";
import type { Device } from "../../src/device/device.ts";
import type { ResultRow } from "../../src/experiments/results.ts";
import type { ModelDefinition } from "../../src/models/define_model.ts";
import type { ModelFile } from "../../src/models/model_file.ts";
import { embeddingsOf } from "../../src/recommend/embeddings.ts";
import { Recommender } from "../../src/recommend/recommender.ts";
import {
  catalogueOf,
  type ItemEvidence,
  type ItemView,
  MOST_ITEMS,
  NEAREST,
  type SmoothnessEvidence,
} from "../../src/report/items.ts";
import { type Arm, type Panel, seedOf } from "../../src/report/panels.ts";
import type { Smoothness } from "../../src/graph/smoothness.ts";
import { itemGraph } from "../../src/training/training_graph.ts";
import { type FoundDatasets, modelOf } from "./datasets.ts";

/**
 * Measures how smooth the item embeddings of all trained runs are, one model after the other.
 *
 * @param panels The panels.
 * @param datasets Their datasets.
 * @param models The models that there are.
 * @returns What was measured, and why the rest was not.
 */
export async function smoothnessEvidence(
  panels: readonly Panel[],
  datasets: FoundDatasets,
  models: readonly ModelDefinition[],
): Promise<{ smoothness: SmoothnessEvidence[]; missing: string[] }> {
  const smoothness: SmoothnessEvidence[] = [], missing = new Set<string>();
  for (const panel of panels) {
    const dataset = datasets.get(panel.digest)!, rows = [...panel.sevo, ...panel.plain].flatMap(({ rows }) => rows);
    if (typeof dataset === "string") missing.add(dataset);
    if (typeof dataset === "string" || rows.length === 0) continue;
    const { maxWalk = 1, last = 50 } = (panel.sevo[0] ?? panel.plain[0])!.settings;
    using graph = itemGraph(dataset, 0, { maxWalk: Number(maxWalk), last: Number(last) });
    const byRun = new Map<ResultRow, Smoothness>();
    for (const row of rows) {
      const table = tableOf(await modelOf(row, models), dataset);
      if (table !== null) byRun.set(row, graph.smoothness(table.data, table.width));
    }
    const without = rows.length - byRun.size, where = `${panel.model} on ${panel.dataset}`;
    if (without > 0) missing.add(`${where}: ${without} of ${rows.length} runs have no model file of these items.`);
    if (byRun.size > 0) smoothness.push({ panel, byRun, edges: edgesOf(graph) });
  }
  return { smoothness, missing: [...missing] };
}

/**
 * What models of one panel make of the items: a plain one and one with SEvo of the same seed.
 *
 * @param panels The panels.
 * @param datasets Their datasets.
 * @param models The models that there are.
 * @returns What they make of them; or why that is not known, in a sentence.
 */
export async function itemEvidence(
  panels: readonly Panel[],
  datasets: FoundDatasets,
  models: readonly ModelDefinition[],
): Promise<ItemEvidence | string> {
  let why = "No model was trained, so there are no embeddings.";
  // First the panels in which there is something to compare
  for (const panel of panels.toSorted((a, b) => Number(b.pairs.length > 0) - Number(a.pairs.length > 0))) {
    const dataset = datasets.get(panel.digest)!, arms = armsOf(panel);
    if (arms.length === 0) continue;
    why = typeof dataset === "string" ? dataset : "No run has kept its model file, so there are no embeddings.";
    if (typeof dataset === "string") continue;
    const files = await filesOf(arms, dataset, models);
    if (files.length === 0) continue;
    const catalogue = catalogueOf(dataset), rows = catalogue.items.slice(0, MOST_ITEMS).map(({ row }) => row);
    await using device = await openDevice("cpu");
    const views: ItemView[] = [];
    for (const { label, row, file } of files) {
      views.push({ label, row, ...await viewOf(device, file, dataset, rows) });
    }
    return { panel, catalogue, views };
  }
  return why;
}

/** Plain first, as it is what SEvo starts from. */
function armsOf({ pairs: [best], sevo, plain }: Panel): Arm[] {
  if (best !== undefined) return [best.plain, best.sevo];
  return [...plain.slice(0, 1), ...sevo.slice(0, 1)];
}

/** The models of the first seed of which all arms have one. */
async function filesOf(arms: readonly Arm[], dataset: Dataset, models: readonly ModelDefinition[]) {
  for (const seed of arms[0]!.rows.map(seedOf)) {
    const files: { readonly label: string; readonly row: ResultRow; readonly file: ModelFile }[] = [];
    for (const { label, rows } of arms) {
      const row = rows.find((row) => seedOf(row) === seed), file = row ? await modelOf(row, models) : null;
      if (row && file && tableOf(file, dataset) !== null) files.push({ label, row, file });
    }
    if (files.length === arms.length) return files;
  }
  return [];
}

async function viewOf(device: Device, file: ModelFile, dataset: Dataset, rows: readonly number[]) {
  const { data, width } = tableOf(file, dataset)!, vectors = new Float32Array(rows.length * width);
  rows.forEach((row, at) => vectors.set(data.subarray(row * width, (row + 1) * width), at * width));
  using recommender = new Recommender(device, file);
  const lists = await recommender.similar(rows.map((row) => dataset.items[row]!), { count: NEAREST });
  const rowOf = new Map(dataset.items.map((item, row) => [item, row]));
  return { vectors, width, nearest: lists.map((list) => list.map(({ item }) => rowOf.get(item)!)) };
}

/** The first table of items of a model, with a row for each item of the dataset in its order; null where it has none. */
function tableOf(file: ModelFile | null, { items }: Dataset): { data: Float32Array; width: number } | null {
  // A model that has grown knows other items than those of the dataset it began with
  if (file === null || file.items.length !== items.length || file.items.some((id, row) => id !== items[row])) {
    return null;
  }
  try {
    return Object.values(embeddingsOf(file, "items").vectors)[0] ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Edges between different rows: each is stored from both ends. */
function edgesOf(
  { rows, rowOffsets, columns }: { rows: number; rowOffsets: Uint32Array; columns: Uint32Array },
): number {
  let ends = 0;
  for (let row = 0; row < rows; row++) {
    for (let at = rowOffsets[row]!; at < rowOffsets[row + 1]!; at++) if (columns[at] !== row) ends++;
  }
  return ends / 2;
}
