/**
 * Sparse graphs: built, normalised and checked.
 *
 * @module
 */
export type { DeviceCsr, DeviceGraph } from "./_device_graph.ts";
export {
  type CsrArrays,
  type Edges,
  Graph,
  type GraphForm,
  type Integers,
  type Interactions,
  type SequenceGraphOptions,
  type Sequences,
} from "./graph.ts";
