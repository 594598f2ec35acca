import type { Dataset } from "../data/dataset.ts";
import { itemCategories } from "../data/item_categories.ts";
import { checkMatch, matchIds } from "../data/match_ids.ts";
import { userItemGraph } from "../data/user_item_graph.ts";
import type { Device } from "../device/device.ts";
import type { Vectors } from "../graph/from_nearest.ts";
import { Graph } from "../graph/graph.ts";
import { isTrainable, type TrainableModel } from "../models/define_model.ts";
import type { ModelFile } from "../models/model_file.ts";
import { relationsOf, smoothsUsers } from "../models/relations.ts";
import { SettingError } from "../models/setting_error.ts";
import type { TrainingSettings } from "../models/training_settings.ts";
import { embeddingsOf } from "../recommend/embeddings.ts";

/** Trained models by the names that the setting `graph` has for them, as in `nearest:NAME`. */
export type Teachers = Readonly<Record<string, ModelFile>>;

/** Rows of a graph: those before that of item 0, and all. */
interface Rows {
  readonly offset: number;
  readonly rows: number;
}

/**
 * The graph that settings name: one relation, or several mixed by their weights. It has a row for each row of the stack of
 * tables that the model smooths: users where `user-item` is among the relations, then the leading rows of the item table,
 * then items.
 *
 * @param device The device that neighbours are searched on.
 * @param dataset The dataset.
 * @param model The model that is smoothed.
 * @param settings Its settings.
 * @param teachers The models that `nearest` relations name.
 * @returns The normalised graph.
 * @throws {SettingError} If the items have no such column, no two share a value of it, or a teacher is missing or has no
 * embeddings of items.
 * @throws {RangeError} If a teacher has no item in common with the dataset.
 */
export async function trainingGraph(
  device: Device,
  dataset: Dataset,
  { leadingRows }: Pick<TrainableModel, "leadingRows">,
  settings: TrainingSettings,
  teachers: Teachers,
): Promise<Graph> {
  const offset = leadingRows + (smoothsUsers(settings) ? dataset.userCount : 0);
  const rows = { offset, rows: offset + dataset.itemCount }, graphs: Graph[] = [], relations = relationsOf(settings);
  for (const { kind, of } of relations) {
    if (kind === "item") graphs.push(itemGraph(dataset, offset, settings));
    else if (kind === "user-item") graphs.push(userItemGraph(dataset));
    else if (kind === "categories") graphs.push(categoryGraph(dataset, of, rows, settings));
    else {
      const options = { count: settings.graphNeighbours, offset };
      graphs.push(await Graph.fromNearest(device, teacherVectors(dataset, of, teachers, rows), options));
    }
  }
  return graphs.length === 1 ? graphs[0]! : Graph.mix(graphs, relations.map(({ weight }) => weight));
}

/**
 * The graph of items that follow each other in training sequences.
 *
 * @param dataset The dataset.
 * @param leadingRows Rows of the item tables before that of item 0.
 * @param settings How far apart items are related, and how much of a sequence counts.
 * @returns The normalised graph of `leadingRows + itemCount` rows.
 */
export function itemGraph(
  { itemCount, train }: Pick<Dataset, "itemCount" | "train">,
  leadingRows: number,
  { maxWalk, last }: Pick<TrainingSettings, "maxWalk" | "last">,
): Graph {
  return Graph.fromSequences(train, { rows: itemCount + leadingRows, offset: leadingRows, maxWalk, last });
}

function categoryGraph(
  { itemColumns }: Dataset,
  column: string,
  rows: Rows,
  { graphNeighbours: neighbours, seed }: TrainingSettings,
): Graph {
  if (!Object.hasOwn(itemColumns, column)) {
    const names = Object.keys(itemColumns), there = names.length === 0 ? "none" : names.join(", ");
    throw new SettingError("graph", `graph names the column '${column}' of the items, which have ${there}`);
  }
  const graph = Graph.fromCategories({ ...rows, ...itemCategories(itemColumns[column]!), neighbours, seed });
  if (graph.entries > 0) return graph;
  throw new SettingError("graph", `graph names the column '${column}', of which no two items share a value`);
}

/** The embeddings of a teacher by the rows of the graph: zeros for items that it does not know. */
function teacherVectors({ items }: Dataset, name: string, teachers: Teachers, { offset, rows }: Rows): Vectors {
  if (!Object.hasOwn(teachers, name)) {
    throw new SettingError("graph", `graph names the teacher '${name}', which is not among the teachers given`);
  }
  const teacher = teachers[name]!;
  if (!isTrainable(teacher.model)) {
    throw new SettingError(
      "graph",
      `graph names the teacher '${name}', which is ${teacher.model.name}: it has no embeddings of items`,
    );
  }
  const { ids, vectors } = embeddingsOf(teacher, "items"), known = matchIds(items, ids);
  checkMatch(`take '${name}' for a teacher`, "items", known, items, ids);
  const { data, width } = Object.values(vectors)[0]!, table = new Float32Array(rows * width);
  known.forEach((row, item) => {
    if (row >= 0) table.set(data.subarray(row * width, (row + 1) * width), (offset + item) * width);
  });
  return { data: table, shape: [rows, width] };
}
