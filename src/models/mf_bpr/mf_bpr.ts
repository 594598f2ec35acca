import { type PairBatch, PairSampler } from "../../data/pair_sampler.ts";
import { defineModel, type TrainableModel } from "../define_model.ts";
import { InitialWeights } from "../initial_weights.ts";
import { RELATION_KINDS, smoothsUsers } from "../relations.ts";
import { MfBprNetwork } from "./network.ts";
import { mfBprPresets, type MfBprSettings, mfBprSettings } from "./settings.ts";

export type { MfBprSettings } from "./settings.ts";

/** Standard deviation of the initial embeddings in the published runs. */
const INITIAL_DEVIATION = 1e-4;

/**
 * Matrix factorisation under Bayesian personalised ranking (Rendle et al., UAI 2009): the score of an item for a user is
 * the dot product of their rows; the loss of a (user, positive, negative) is softplus(negative score - positive score). In
 * the published SEvo runs the items alone are smoothed, over the item graph.
 */
export const mfBpr: TrainableModel<MfBprSettings, PairBatch> = defineModel({
  name: "mf-bpr",
  summary: "Matrix factorisation, trained on pairs of an item that a user has and one that the user has not (BPR).",
  source: "S. Rendle et al.: BPR: Bayesian personalized ranking from implicit feedback, UAI 2009",
  settings: mfBprSettings,
  presets: mfBprPresets,
  graphs: RELATION_KINDS,
  userTable: "user.weight",
  initialWeights: ({ userCount, itemCount }, { dimension, seed }) =>
    new InitialWeights(seed)
      .normal("user.weight", [userCount, dimension], INITIAL_DEVIATION)
      .normal("item.weight", [itemCount, dimension], INITIAL_DEVIATION)
      .done(),
  tables: (settings) =>
    smoothsUsers(settings)
      ? [{ names: ["user.weight", "item.weight"], smoothed: true }]
      : [{ names: ["user.weight"], smoothed: false }, { names: ["item.weight"], smoothed: true }],
  sampler: (dataset, { seed }) => new PairSampler(dataset, seed),
  network: (weights) => new MfBprNetwork(weights),
});
