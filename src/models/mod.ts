/**
 * Recommender models.
 *
 * @module
 */
export type { PairBatch } from "../data/pair_sampler.ts";
export { MfBpr, type MfBprOptimizer, type ModelWeights } from "./mf_bpr.ts";
export type { RowRange } from "../device/tensor.ts";
