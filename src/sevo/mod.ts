/**
 * The optimizer.
 *
 * @module
 */
export { type Gradient, type PlannedGradient, planRows, type SparseGradient } from "./gradient.ts";
export type { Propagation, ResolvedOptions, ResolvedPropagation, SevoOptions } from "./options.ts";
export { propagate } from "./propagation.ts";
export {
  ConvergenceError,
  loadState,
  NonFiniteError,
  sevoInit,
  SevoState,
  StateTakenError,
  type StateTensors,
  type TableInit,
  type TableView,
} from "./state.ts";
export { sevoStep, type StepOptions } from "./step.ts";
