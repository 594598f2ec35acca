import type { Tensor } from "@sevo/sevo";
import {
  defineModel,
  embedding,
  InitialWeights,
  itemRows,
  itemsOf,
  joined,
  lastRows,
  type Network,
  type NetworkWeights,
  type NextItemBatch,
  NextItemSampler,
  pairLoss,
  plannedGradient,
  type Tape,
  type TrainableModel,
} from "@sevo/sevo/models";
import { z } from "zod";

/** The setting of a model of somebody's own. */
export interface LastItemSettings {
  /** Embedding width. */
  readonly dimension: number;
}

/** A model of somebody's own, made of public entries alone: the next item from the last one, by two tables of items. */
export const lastItem: TrainableModel<LastItemSettings, NextItemBatch> = defineModel({
  name: "last-item",
  summary: "Predicts the next item from the last one alone.",
  settings: z.strictObject({ dimension: z.int().min(1).max(512).default(16).describe("Embedding width") }),
  presets: { "own": { learningRate: 0.02, weightDecay: 0.01, epochs: 25, batch: 16 } },
  initialWeights: ({ itemCount }, { dimension, seed }) =>
    new InitialWeights(seed)
      .xavierNormal("last.weight", [itemCount, dimension])
      .xavierNormal("item.weight", [itemCount, dimension])
      .done(),
  tables: () => [{ names: ["last.weight"], smoothed: true }, { names: ["item.weight"], smoothed: true }],
  sampler: (dataset, { seed }) => new NextItemSampler(dataset, seed, 50),
  network,
});

function network(weights: NetworkWeights): Network<NextItemBatch> {
  const rowsOf = (items: Uint32Array) => itemRows(items, weights.table("item.weight").rows, 0);
  const lookUp = (tape: Tape, rows: Uint32Array, gradients?: Tensor<"f32">) =>
    embedding(tape, weights.table("last.weight"), {
      ids: tape.upload(rows),
      ...gradients && { rows: { table: gradients, firstRow: 0 } },
    });
  return {
    items: () => itemsOf(weights.table("item.weight"), 0),
    queries: (tape, { histories }) => lookUp(tape, lastRows(histories, 1, rowsOf).rows),
    backward(tape, { items, positives, negatives }) {
      const item = weights.table("item.weight"), samples = items.length, columns = item.tensor.shape[1]!;
      const lastRows = tape.empty([samples, columns]), rows = tape.empty([2 * samples, columns]);
      const queries = lookUp(tape, rowsOf(items), lastRows);
      const losses = pairLoss(tape, queries, item, { kind: "bpr", positives, negatives, rows, firstRow: 0 });
      tape.backward();
      return {
        losses,
        gradients: {
          "last.weight": plannedGradient(tape, items, item.rows, lastRows),
          "item.weight": plannedGradient(tape, joined(positives, negatives), item.rows, rows),
        },
      };
    },
  };
}
