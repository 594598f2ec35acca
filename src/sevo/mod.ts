/**
 * The optimizer.
 *
 * @module
 */
export { type Gradient, type PlannedGradient, planRows, type SparseGradient } from "./gradient.ts";
export type { Propagation, ResolvedOptions, ResolvedPropagation, SevoOptions } from "./options.ts";
export { propagate } from "./propagation.ts";
export { ConvergenceError, NonFiniteError, StateTakenError } from "./errors.ts";
export { loadState, sevoInit, type TableInit } from "./init.ts";
export { SevoState, type StateTensors } from "./state.ts";
export { sevoStep, type StepOptions } from "./step.ts";
