import { blend } from "../../kernels/blend/blend.ts";
import {
  BLOCK_ROWS,
  cgDirection,
  cgFinish,
  cgScalars,
  cgStart,
  cgStep,
  columnDots,
  columnMaxima,
  Phase,
  SCALAR_ROWS,
} from "../../kernels/conjugate_gradient/conjugate_gradient.ts";
import { toPanels } from "../../kernels/_panels.ts";
import type { Device, Tensor } from "../device/device.ts";
import { paddedWidth, padRows } from "../device/shape.ts";
import type { DeviceGraph } from "../graph/_device_graph.ts";
import type { Graph } from "../graph/graph.ts";
import { unconverged } from "./errors.ts";
import { product } from "./_product.ts";
import { type Propagation, type ResolvedPropagation, resolvePropagation } from "./propagation_options.ts";

/** Quads of a panel on the cpu device: sums of as many stay in registers, and rows of 32 columns in a core's cache. */
const PANEL = 8;

/** Panels of a matrix at most: each of them is a piece of work at least. */
const MOST_PANELS = 256;

/** Where the result of a propagation goes: output = keep * output + scale * psi(X). */
export interface Target {
  readonly output: Tensor<"f32">;
  readonly keep: number;
  readonly scale: number;
}

/** Where the step is left if something went wrong in it, in words that are still 0. */
export interface Report {
  /** Told of a solver that did not reach its tolerance. */
  readonly convergence: Tensor<"u32">;
  /** Told of a result that is not finite. */
  readonly overflow: Tensor<"u32">;
  readonly step: number;
}

/** All memory that a smoothing takes beside its input and its output. */
export interface Scratch extends Disposable {
  /** Matrices of the input's size. */
  readonly tables: readonly Tensor<"f32">[];
  /** Partial sums of hubs, or null where there is none. */
  readonly hubs: Tensor<"f32"> | null;
  /** What `exact` keeps of its iteration. */
  readonly iteration: {
    readonly partials: Tensor<"f32">;
    readonly scalars: Tensor<"f32">;
    readonly turns: Tensor<"u32">;
  } | null;
}

/**
 * Whether psi(X) = X, so that there is nothing to propagate.
 *
 * @param propagation A propagation.
 * @returns Whether it is the identity.
 */
export function isIdentity({ mode, beta, layers }: ResolvedPropagation): boolean {
  return beta === 0 || (mode !== "exact" && layers === 0);
}

/**
 * Smooths the rows of a matrix over a graph, psi(X) of the paper's equations for the `neumann`, `iterative` and
 * `exact` modes, on a device and back. A value that is not finite is not refused: what it reaches is not finite either.
 *
 * @example
 * ```ts
 * import { Graph, openDevice, propagate } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const graph = Graph.fromEdges({ rows: 2, sources: [0], targets: [1] });
 * const smoothed = await propagate(device, graph, new Float32Array([1, 0]), { mode: "iterative", beta: 0.25, layers: 1 });
 * assertEquals([...smoothed], [0.75, 0.25]);
 * ```
 *
 * @param device The device to run on.
 * @param graph The graph, of n rows.
 * @param data Matrix of n rows, row-major.
 * @param propagation Mode and weights.
 * @returns The smoothed matrix, row-major.
 * @throws {TypeError} If `data` is not a whole number of columns of the graph's rows, or an option is unknown or of
 * another type.
 * @throws {RangeError} If a number is out of range, or the matrix has no elements.
 * @throws {ConvergenceError} If `exact` did not reach its tolerance.
 */
export async function propagate(
  device: Device,
  graph: Graph,
  data: Float32Array,
  propagation: Propagation,
): Promise<Float32Array<ArrayBuffer>> {
  const resolved = resolvePropagation(propagation);
  if (graph.rows === 0) throw new RangeError("Cannot propagate as the graph must have rows: current value is 0");
  const columns = data.length / graph.rows;
  if (!Number.isInteger(columns)) {
    throw new TypeError(
      `Cannot propagate as data must have ${graph.rows} rows: current value is ${data.length} elements`,
    );
  }
  if (columns === 0) throw new RangeError("Cannot propagate as data must have at least one column: current value is 0");
  const stride = paddedWidth(columns), quads = stride / 4;
  const on = graphOn(device, graph, resolved);
  const scaled = await scaledRows(padRows(data, [graph.rows, columns]), stride, on.scales);
  const panels = toPanels(scaled, quads, panelOf(device, resolved, quads));
  using input = device.upload(panels, [graph.rows, stride]);
  using output = device.empty("f32", [graph.rows, columns]);
  using convergence = device.zeros("u32", [1]);
  using overflow = device.zeros("u32", [1]);
  using scratch = isIdentity(resolved) ? null : makeScratch(on, resolved, input);
  const target = { output, keep: 0, scale: 1 }, report = { convergence, overflow, step: 1 };
  device.batch(() => smooth(on, resolved, input, target, report, scratch));
  const [result, [failed]] = await Promise.all([device.read(output), device.read(convergence)]);
  if (failed) throw unconverged(resolved);
  return result;
}

/** A matrix with each row times its scale; itself where there are none. */
async function scaledRows(rows: Float32Array, stride: number, scales: Tensor<"f32"> | null): Promise<Float32Array> {
  if (!scales) return rows;
  const factors = await scales.device.read(scales);
  return rows.map((value, at) => value * factors[Math.floor(at / stride)]!);
}

/**
 * The graph in the form that a propagation reads. Where it has scales, what is smoothed comes in times these: in that space
 * a layer multiplies by counts and not by weights. Conjugate gradients need a symmetric matrix, and the identity none.
 *
 * @param device The device.
 * @param graph The graph.
 * @param propagation Mode and weights.
 * @returns The graph on the device.
 * @throws {RangeError} If the device cannot hold it.
 */
export function graphOn(device: Device, graph: Graph, propagation: ResolvedPropagation): DeviceGraph {
  return graph.on(device, propagation.mode === "exact" || isIdentity(propagation) ? "normalised" : "counted");
}

/**
 * How a matrix to be smoothed is laid out: see `kernels/_panels.ts`. Conjugate gradients work on whole rows, and a gpu
 * reads whole rows faster.
 *
 * @param device The device.
 * @param propagation Mode and weights.
 * @param quads Quads of a row.
 * @returns Quads of a panel; `quads` for row-major.
 */
export function panelOf(device: Device, propagation: ResolvedPropagation, quads: number): number {
  if (device.kind !== "cpu" || propagation.mode === "exact" || isIdentity(propagation)) return quads;
  return Math.min(quads, Math.max(PANEL, Math.ceil(quads / MOST_PANELS)));
}

/**
 * Launches the smoothing of `input` into a target. Allocates nothing, so it cannot fail half-way for want of memory.
 *
 * @param graph The graph on the device of the tensors, from {@linkcode graphOn}.
 * @param propagation Mode and weights.
 * @param input X, a row for each row of the graph, times its scale where the graph has scales, in panels of
 * {@linkcode panelOf} quads; must not be the output.
 * @param target Where psi(X) goes, row-major.
 * @param report Where it says what went wrong.
 * @param scratch Memory from {@linkcode makeScratch}; not used where the propagation is the identity.
 */
export function smooth(
  graph: DeviceGraph,
  propagation: ResolvedPropagation,
  input: Tensor<"f32">,
  target: Target,
  report: Report,
  scratch: Scratch | null,
): void {
  if (isIdentity(propagation)) {
    input.device.launch(blend, { input, output: target.output }, {
      quads: input.size / 4,
      keep: target.keep,
      scale: target.scale,
    });
  } else if (propagation.mode === "exact") {
    solve(graph, propagation, input, target, report, scratch!);
  } else {
    layered(graph, propagation, input, target, report, scratch!);
  }
}

/**
 * Allocates all that {@linkcode smooth} needs.
 *
 * @param graph The graph on the device of the tensor.
 * @param propagation Mode and weights, not the identity.
 * @param input X.
 * @returns The memory; to be disposed of after the launch.
 * @throws {RangeError} If the device cannot hold it; nothing is kept then.
 */
export function makeScratch(
  { main, partial }: DeviceGraph,
  { mode, layers }: ResolvedPropagation,
  { device, shape, stride }: Tensor<"f32">,
): Scratch {
  using made = new DisposableStack();
  const floats = (rows: number, columns: number) => made.use(device.empty("f32", [rows, columns]));
  const count = mode === "exact" ? 4 : Math.min(layers - 1, 2);
  const tables = Array.from({ length: count }, () => floats(shape[0], shape[1]!));
  const hubs = partial && floats(partial.rows, shape[1]!);
  const iteration = mode !== "exact" ? null : {
    partials: floats(Math.ceil(main.rows / BLOCK_ROWS), stride),
    scalars: floats(SCALAR_ROWS, stride),
    turns: made.use(device.zeros("u32", [1])),
  };
  const owned = made.move();
  return { tables, hubs, iteration, [Symbol.dispose]: () => owned.dispose() };
}

/** Neumann by Horner's rule, y <- X + b A y, or the iteration y <- b A y + (1-b) X: one launch a layer. */
function layered(
  graph: DeviceGraph,
  propagation: ResolvedPropagation,
  input: Tensor<"f32">,
  { output, keep, scale }: Target,
  { overflow, step }: Report,
  { tables, hubs }: Scratch,
): void {
  const { mode, beta, layers } = propagation, quads = input.stride / 4;
  const own = mode === "neumann" ? 1 : 1 - beta;
  const last = scale * (mode === "neumann" ? (1 - beta) / (1 - beta ** (layers + 1)) : 1);
  const panel = panelOf(input.device, propagation, quads);
  let source = input;
  for (let layer = 1; layer < layers; layer++) {
    const next = tables[layer % tables.length]!;
    const scalars = {
      panel,
      outputPanel: panel,
      scaling: "within",
      turn: 0,
      step: 0,
      keep: 0,
      neighbour: beta,
      own,
    } as const;
    product(graph, hubs, { source, addend: input, output: next, status: null }, scalars);
    source = next;
  }
  product(graph, hubs, { source, addend: input, output, status: overflow }, {
    panel,
    outputPanel: quads,
    scaling: "out",
    turn: 0,
    step,
    keep,
    neighbour: last * beta,
    own: last * own,
  });
}

/** (1-b) (I - bA)^-1 X by conjugate gradients from 0, all columns at once, none of them waited for. */
function solve(
  graph: DeviceGraph,
  { beta, tolerance, maxIterations }: ResolvedPropagation,
  input: Tensor<"f32">,
  { output, keep, scale }: Target,
  { convergence, overflow, step }: Report,
  { tables, hubs, iteration }: Scratch,
): void {
  const { device, stride } = input;
  const rows = graph.main.rows, quads = stride / 4, blocks = Math.ceil(rows / BLOCK_ROWS);
  const [residual, direction, solution, image] = tables as [Tensor<"f32">, Tensor<"f32">, Tensor<"f32">, Tensor<"f32">];
  const { partials, scalars, turns } = iteration!;
  const advance = (phase: number, turn: number) =>
    device.launch(cgScalars, { partials, scalars, turns, status: convergence }, {
      blocks,
      quads,
      phase,
      turn,
      step,
      tolerance,
    });

  device.launch(columnMaxima, { input, partials }, { rows, quads });
  advance(Phase.scale, 0);
  device.launch(cgStart, { scalars, input, solution, residual, direction, partials }, { rows, quads });
  advance(Phase.start, 0);
  for (let turn = 1; turn <= maxIterations; turn++) {
    // Where the answer is at hand, launches that would find nothing to do are spared.
    const needed = device.peek(turns);
    if (needed !== null && needed[0]! < turn) break;
    product(graph, hubs, { source: direction, addend: direction, output: image, status: turns }, {
      panel: quads,
      outputPanel: quads,
      scaling: "within",
      turn,
      step: 0,
      keep: 0,
      neighbour: -beta,
      own: 1,
    });
    device.launch(columnDots, { left: direction, right: image, partials, turns }, { rows, quads, turn });
    advance(Phase.step, turn);
    device.launch(cgStep, { scalars, direction, image, solution, residual, partials, turns }, { rows, quads, turn });
    advance(Phase.direction, turn);
    device.launch(cgDirection, { scalars, residual, direction, turns }, { rows, quads, turn });
  }
  advance(Phase.check, maxIterations + 1);
  const factor = scale * (1 - beta);
  device.launch(cgFinish, { scalars, solution, output, status: overflow }, { rows, quads, step, keep, factor });
}
