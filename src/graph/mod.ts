/**
 * Sparse graphs: built, normalised, mixed, described and checked.
 *
 * @module
 */
export type { Integers } from "./_checks.ts";
export type { DeviceCsr, DeviceGraph } from "./_device_graph.ts";
export type { GraphDescription } from "./describe.ts";
export type { Memberships } from "./from_categories.ts";
export type { CsrArrays } from "./from_csr.ts";
export type { Edges } from "./from_edges.ts";
export type { Interactions } from "./from_interactions.ts";
export type { NearestOptions, Vectors } from "./from_nearest.ts";
export type { SequenceGraphOptions, Sequences } from "./from_sequences.ts";
export { Graph, type GraphForm } from "./graph.ts";
export type { Smoothness } from "./smoothness.ts";
