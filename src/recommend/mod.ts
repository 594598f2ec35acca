/**
 * A trained model without its trainer: ranking, top-k and metrics.
 *
 * @module
 */
export { DotRanker } from "./dot_ranker.ts";
export { type Embeddings, embeddingsOf } from "./embeddings.ts";
export { historyOf, type RankingTask, rankingTask, type Split } from "./history.ts";
export { type RankingMetrics, rankingMetrics } from "./metrics.ts";
export { rankTargets, topItems } from "./rank.ts";
export { rankSplit } from "./rank_split.ts";
export { rankerOf } from "./ranker_of.ts";
export { type Recommendation, Recommender, type RecommendOptions, type SimilarOptions } from "./recommender.ts";
export type { HistoryRequest, StreamRequest, UserRequest } from "./requests.ts";
export type { Exclusions, Ranker, TopItems } from "../models/ranker.ts";
export type { RowRange } from "../device/device.ts";
