/**
 * The optimizer.
 *
 * @module
 */
export { type Gradient, type PlannedGradient, planRows, type SparseGradient } from "./gradient.ts";
export type { GroupOptions, ResolvedGroup, ResolvedOptions, RowsByTable, SevoOptions, Stacked } from "./options.ts";
export type { Propagation, ResolvedPropagation } from "./propagation_options.ts";
export type { ResolvedRule, RuleOptions } from "./rule_options.ts";
export type { TableInit } from "./table_init.ts";
export { propagate } from "./propagation.ts";
export { ConvergenceError, NonFiniteError, StateTakenError } from "./errors.ts";
export { loadState, sevoInit } from "./init.ts";
export { SevoState } from "./state.ts";
export type { Stack, StackPart, StackTensors } from "./_stack.ts";
export { sevoStep, type StepGraph, type StepOptions } from "./step.ts";
