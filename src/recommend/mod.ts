/**
 * A trained model without its trainer: ranking, top-k and metrics.
 *
 * @module
 */
export { DotRanker } from "./dot_ranker.ts";
export { type Embeddings, embeddingsOf } from "./embeddings.ts";
export { historyOf, type RankingTask, rankingTask, type RankingTaskOptions, type Split } from "./history.ts";
export { CUTOFFS, DEFAULT_METRIC, type MetricKind, type MetricName } from "./metric_name.ts";
export {
  type AverageMetrics,
  type RankingCounts,
  type RankingMetrics,
  rankingMetrics,
  userMetric,
  type UserRanks,
} from "./metrics.ts";
export { type ListMetrics, type Lists, listSplit } from "./list_split.ts";
export { countsInWords, protocolOf, type ProtocolOptions } from "./protocol.ts";
export { rankTargets, topItems } from "./rank.ts";
export { metricsOf, type RankedTargets, type RankOptions, ranksOf, rankSplit } from "./rank_split.ts";
export { rankerOf } from "./ranker_of.ts";
export { type Recommendation, Recommender, type RecommendOptions, type SimilarOptions } from "./recommender.ts";
export type { HistoryRequest, StreamRequest, UserRequest } from "./requests.ts";
export type { Exclusions, Ranker, TopItems } from "../models/ranker.ts";
export type { RowRange } from "../device/device.ts";
