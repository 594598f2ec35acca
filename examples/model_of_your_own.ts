/**
 * A model of your own, in one declaration. It predicts the next item from the last one alone, by two tables of items. It
 * trains, resumes, evaluates and recommends like the models of the package, and `train --help` lists it.
 *
 *     deno run --allow-read --allow-write --allow-env examples/model_of_your_own.ts train --model last-item --optimizer sevo-adamw --out runs/own
 *     deno run --allow-read --allow-env examples/model_of_your_own.ts similar runs/own --item item-1
 */
import { runCommand } from "@sevo/sevo/cli";
import {
  defineModel,
  EmbeddingPass,
  InitialWeights,
  itemsOf,
  lastItems,
  MODELS,
  NextItemSampler,
} from "@sevo/sevo/models";
import { z } from "zod";

/** The model: from its declaration come flags, help, checks, checkpoints and model files. */
export const lastItem = defineModel({
  name: "last-item",
  summary: "Predicts the next item from the last one alone.",
  settings: z.strictObject({ dimension: z.int().min(1).max(512).default(16).describe("Embedding width") }),
  presets: { own: { learningRate: 0.001, weightDecay: 0.1, epochs: 40, batch: 128 } },
  initialWeights: ({ itemCount }, { dimension, seed }) =>
    new InitialWeights(seed)
      .xavierNormal("last.weight", [itemCount, dimension])
      .xavierNormal("item.weight", [itemCount, dimension])
      .done(),
  tables: () => [{ names: ["last.weight"], smoothed: true }, { names: ["item.weight"], smoothed: true }],
  sampler: (dataset, { seed }) => new NextItemSampler(dataset, seed, 50),
  network: (weights) => ({
    items: () => itemsOf(weights.table("item.weight"), 0),
    queries: (tape, { histories }) => new EmbeddingPass(tape, weights).embed("last.weight", lastItems(histories)),
    backward: (tape, batch) => {
      const pass = new EmbeddingPass(tape, weights);
      return pass.pairLoss("bpr", "item.weight", pass.embed("last.weight", batch.items), batch);
    },
  }),
});

if (import.meta.main) await runCommand(Deno.args, [...MODELS, lastItem]);
