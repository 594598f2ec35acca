import { blend } from "../../kernels/blend/blend.ts";
import {
  BLOCK_ROWS,
  cgDirection,
  cgScalars,
  cgStep,
  columnDots,
  Phase,
} from "../../kernels/conjugate_gradient/conjugate_gradient.ts";
import { toPanels } from "../../kernels/_panels.ts";
import { itemCuts, propagate as propagateKernel } from "../../kernels/propagate/propagate.ts";
import type { Device, Tensor } from "../device/device.ts";
import { paddedWidth, padRows } from "../device/shape.ts";
import type { DeviceCsr, DeviceGraph } from "../graph/_device_graph.ts";
import type { Graph } from "../graph/graph.ts";
import { unconverged } from "./errors.ts";
import { type Propagation, type ResolvedPropagation, resolvePropagation } from "./options.ts";

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

/** Where a solver that did not reach its tolerance leaves the step, if the word is still 0. */
export interface Report {
  readonly status: Tensor<"u32">;
  readonly step: number;
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
 * @throws {RangeError} If a number is out of range.
 * @throws {ConvergenceError} If `exact` did not reach its tolerance.
 */
export async function propagate(
  device: Device,
  graph: Graph,
  data: Float32Array,
  propagation: Propagation,
): Promise<Float32Array<ArrayBuffer>> {
  const resolved = resolvePropagation(propagation);
  const columns = data.length / graph.rows;
  if (!Number.isInteger(columns)) {
    throw new TypeError(
      `Cannot propagate as data must have ${graph.rows} rows: current value is ${data.length} elements`,
    );
  }
  const stride = paddedWidth(columns), quads = stride / 4;
  const panels = toPanels(padRows(data, [graph.rows, columns]), quads, panelOf(device, resolved, quads));
  using input = device.upload(panels, [graph.rows, stride]);
  using output = device.empty("f32", [graph.rows, columns]);
  using status = device.zeros("u32", [1]);
  device.batch(() => smooth(graph.on(device), resolved, input, { output, keep: 0, scale: 1 }, { status, step: 1 }));
  const [result, [failed]] = await Promise.all([device.read(output), device.read(status)]);
  if (failed) throw unconverged(resolved);
  return result;
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
 * Launches the smoothing of `input` into a target.
 *
 * @param graph The graph on the device of the tensors.
 * @param propagation Mode and weights.
 * @param input X, a row for each row of the graph, in panels of {@linkcode panelOf} quads; must not be the output.
 * @param target Where psi(X) goes, row-major.
 * @param report Where `exact` says that it did not reach its tolerance.
 */
export function smooth(
  graph: DeviceGraph,
  propagation: ResolvedPropagation,
  input: Tensor<"f32">,
  target: Target,
  report: Report,
): void {
  if (isIdentity(propagation)) {
    input.device.launch(blend, { input, output: target.output }, {
      quads: input.size / 4,
      keep: target.keep,
      scale: target.scale,
    });
  } else if (propagation.mode === "exact") {
    solve(graph, propagation, input, target, report);
  } else {
    layered(graph, propagation, input, target);
  }
}

/**
 * Allocates at once all that {@linkcode smooth} will hold at a time, and gives it back: the memory is then there, and
 * what comes after cannot fail half-way for want of it.
 *
 * @param graph The graph on the device of the tensor.
 * @param propagation Mode and weights, not the identity.
 * @param input X.
 * @throws {RangeError} If the device cannot hold it.
 */
export function reserveScratch(
  { main, partial }: DeviceGraph,
  { mode, layers }: ResolvedPropagation,
  { device, shape, stride }: Tensor<"f32">,
): void {
  using scratch = new DisposableStack();
  const tables = mode === "exact" ? 4 : Math.min(layers - 1, 2);
  for (let table = 0; table < tables; table++) scratch.use(device.empty("f32", shape));
  if (partial) scratch.use(device.empty("f32", [partial.rows, shape[1]!]));
  if (mode === "exact") scratch.use(device.empty("f32", [Math.ceil(main.rows / BLOCK_ROWS) + 4, stride]));
}

/** Neumann by Horner's rule, y <- X + b A y, or the iteration y <- b A y + (1-b) X: one launch a layer. */
function layered(
  graph: DeviceGraph,
  propagation: ResolvedPropagation,
  input: Tensor<"f32">,
  { output, keep, scale }: Target,
): void {
  const { mode, beta, layers } = propagation, { device, shape } = input;
  const own = mode === "neumann" ? 1 : 1 - beta;
  const last = scale * (mode === "neumann" ? (1 - beta) / (1 - beta ** (layers + 1)) : 1);
  const quads = input.stride / 4, panel = panelOf(device, propagation, quads);
  let source = input;
  for (let layer = 1; layer < layers; layer++) {
    const next = device.empty("f32", shape);
    product(graph, source, input, next, { panel, outputPanel: panel, keep: 0, neighbour: beta, own });
    if (source !== input) source.dispose();
    source = next;
  }
  const scalars = { panel, outputPanel: quads, keep, neighbour: last * beta, own: last * own };
  product(graph, source, input, output, scalars);
  if (source !== input) source.dispose();
}

/** Scalars of one product: its factors, and the layout of what it reads and of what it writes. */
interface ProductScalars {
  readonly panel: number;
  readonly outputPanel: number;
  readonly keep: number;
  readonly neighbour: number;
  readonly own: number;
}

/** output = keep * output + neighbour * A source + own * addend. */
function product(
  { main, partial }: DeviceGraph,
  source: Tensor<"f32">,
  addend: Tensor<"f32">,
  output: Tensor<"f32">,
  scalars: ProductScalars,
): void {
  using partials = partial && source.device.empty("f32", [partial.rows, source.shape[1]!]);
  if (partial) {
    launchProduct(partial, main.rows, { source, partials: null, addend: null, output: partials! }, {
      panel: scalars.panel,
      outputPanel: source.stride / 4,
      keep: 0,
      neighbour: 1,
      own: 0,
    });
  }
  launchProduct(main, main.rows, { source, partials, addend, output }, scalars);
}

function launchProduct(
  { rows, rowOffsets, columns, values, cuts }: DeviceCsr,
  sourceRows: number,
  tensors: {
    source: Tensor<"f32">;
    partials: Tensor<"f32"> | null;
    addend: Tensor<"f32"> | null;
    output: Tensor<"f32">;
  },
  scalars: ProductScalars,
): void {
  const quads = tensors.source.stride / 4;
  tensors.source.device.launch(
    propagateKernel,
    { rowOffsets, columns, values, ...tensors },
    { rows, sourceRows, quads, ...scalars },
    { cuts: itemCuts(cuts, Math.ceil(quads / scalars.panel)) },
  );
}

/** (1-b) (I - bA)^-1 X by conjugate gradients from 0, all columns at once, none of them read back. */
function solve(
  graph: DeviceGraph,
  { beta, tolerance, maxIterations }: ResolvedPropagation,
  input: Tensor<"f32">,
  { output, keep, scale }: Target,
  { status, step }: Report,
): void {
  const { device, shape, stride, size } = input;
  const rows = graph.main.rows, quads = stride / 4, blocks = Math.ceil(rows / BLOCK_ROWS);
  using residual = device.copy(input);
  using direction = device.copy(input);
  using solution = device.zeros("f32", shape);
  using image = device.empty("f32", shape);
  using partials = device.empty("f32", [blocks, stride]);
  using scalars = device.zeros("f32", [4, stride]);
  const advance = (phase: number) =>
    device.launch(cgScalars, { partials, scalars, status }, { blocks, quads, phase, step, tolerance });

  device.launch(columnDots, { left: residual, right: residual, partials }, { rows, quads });
  advance(Phase.start);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    product(graph, direction, direction, image, {
      panel: quads,
      outputPanel: quads,
      keep: 0,
      neighbour: -beta,
      own: 1,
    });
    device.launch(columnDots, { left: direction, right: image, partials }, { rows, quads });
    advance(Phase.step);
    device.launch(cgStep, { scalars, direction, image, solution, residual, partials }, { rows, quads });
    advance(Phase.direction);
    device.launch(cgDirection, { scalars, residual, direction }, { rows, quads });
  }
  advance(Phase.check);
  device.launch(blend, { input: solution, output }, { quads: size / 4, keep, scale: scale * (1 - beta) });
}
