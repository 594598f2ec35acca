/**
 * The optimizer.
 *
 * @module
 */
export { type Gradient, type PlannedGradient, planRows, type SparseGradient } from "./gradient.ts";
export type { GroupOptions, ResolvedGroup, ResolvedOptions, RowsByTable, SevoOptions, Stacked } from "./options.ts";
export type { Propagation, ResolvedPropagation } from "./propagation_options.ts";
export type { ResolvedRule, RuleName, RuleOptions } from "./rule_options.ts";
export type { TableInit } from "./table_init.ts";
export { propagate } from "./propagation.ts";
export { ConvergenceError, NonFiniteError, StateTakenError } from "./errors.ts";
export { loadState, sevoInit } from "./init.ts";
export { SevoState } from "./state.ts";
export type { Stack, StackTensors } from "./_stack.ts";
export { sevoStep, type StepOptions } from "./step.ts";
export type { StepGraph } from "./step_graph.ts";
export { growRows, type NewRows } from "./grow_rows.ts";
export {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  linearSchedule,
  type Schedule,
  warmUpSchedule,
} from "./schedules.ts";
