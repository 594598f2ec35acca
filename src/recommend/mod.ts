/**
 * Full-ranking evaluation and top-k.
 *
 * @module
 */
export { type Exclusions, historyOf, type RankingTask, rankingTask, type Split } from "./history.ts";
export { type RankingMetrics, rankingMetrics } from "./metrics.ts";
export { rankTargets, type TopItems, topItems } from "./rank.ts";
export type { RowRange } from "../device/tensor.ts";
