import { assertEquals, assertLessOrEqual } from "@std/assert";
import { type Device, type Gradient, Graph, type Propagation, sevoInit, type SevoOptions, sevoStep } from "@sevo/sevo";

/** Distance from 1 to the next float32, halved: the relative error of one rounding. */
export const ROUNDING = 2 ** -24;

/** A seeded generator of numbers in [0, 1): fixtures must not depend on the code under test. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A matrix of numbers in [-scale, scale). */
export function matrix(seed: number, rows: number, columns: number, scale = 1): Float32Array<ArrayBuffer> {
  const draw = uniforms(seed);
  return Float32Array.from({ length: rows * columns }, () => scale * (2 * draw() - 1));
}

/** A gradient in which about a third of the rows is idle. */
export function idleGradient(seed: number, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const draw = uniforms(seed + 99), data = matrix(seed, rows, columns);
  for (let row = 0; row < rows; row++) if (draw() < 1 / 3) data.fill(0, row * columns, (row + 1) * columns);
  return data;
}

/** Weighted edges between random rows, self-loops and repeats included; rows without any are likely. */
export function randomEdges(seed: number, rows: number, count: number) {
  const draw = uniforms(seed);
  const row = () => Math.floor(draw() * rows);
  return {
    rows,
    sources: Array.from({ length: count }, row),
    targets: Array.from({ length: count }, row),
    weights: Array.from({ length: count }, () => 0.25 + Math.floor(4 * draw())),
  };
}

/** A random graph. */
export function randomGraph(seed: number, rows: number, count: number): Graph {
  return Graph.fromEdges(randomEdges(seed, rows, count));
}

/** A times X in float64. */
export function product({ rowOffsets, columns, values }: Graph, x: ArrayLike<number>, width: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let row = 0; row + 1 < rowOffsets.length; row++) {
    for (let at = rowOffsets[row]!; at < rowOffsets[row + 1]!; at++) {
      for (let column = 0; column < width; column++) {
        y[row * width + column]! += values[at]! * x[columns[at]! * width + column]!;
      }
    }
  }
  return y;
}

/** psi(X) in float64, by the sum of the definition for `neumann` and, to 1e-12, for `exact`. */
export function psi(graph: Graph, x: ArrayLike<number>, width: number, propagation: Propagation): Float64Array {
  const { mode, beta, layers = 3 } = propagation;
  const input = Float64Array.from(x);
  if (mode === "iterative") {
    let y = input;
    for (let layer = 0; layer < layers; layer++) {
      y = product(graph, y, width).map((value, at) => beta * value + (1 - beta) * input[at]!);
    }
    return y;
  }
  const terms = mode === "neumann" ? layers : beta === 0 ? 0 : Math.ceil(Math.log(1e-12) / Math.log(beta));
  const scale = mode === "neumann" ? (1 - beta) / (1 - beta ** (layers + 1)) : 1 - beta;
  let power: Float64Array = input;
  const sum = input.slice();
  for (let term = 1; term <= terms; term++) {
    power = product(graph, power, width).map((value) => beta * value);
    power.forEach((value, at) => sum[at]! += value);
  }
  return sum.map((value) => scale * value);
}

/**
 * Asserts that a float32 propagation is its float64 oracle but for rounding: each layer sums `degree` products (a hub's
 * in runs of 512 and then the runs), so the error of an element is at most so many roundings of psi(|X|). `exact` stops
 * at a residual of 1e-6 of its column, which (1-b) (I - bA)^-1 does not enlarge; it enlarges roundings by 1/(1-b).
 */
export function assertPropagated(
  actual: ArrayLike<number>,
  graph: Graph,
  x: ArrayLike<number>,
  width: number,
  propagation: Propagation,
  expected: ArrayLike<number> = psi(graph, x, width, propagation),
): void {
  let degree = 0;
  for (let row = 0; row < graph.rows; row++) {
    degree = Math.max(degree, graph.rowOffsets[row + 1]! - graph.rowOffsets[row]!);
  }
  const bound = psi(graph, Array.from(x, Math.abs), width, propagation);
  const norms = new Float64Array(width);
  Array.from(x).forEach((value, at) => norms[at % width]! += value * value);
  const longest = degree <= 512 ? degree : 512 + Math.ceil(degree / 512);
  const roundings = ((propagation.layers ?? 3) + 1) * (longest + 4);
  const residual = 2e-6 + (longest + 4) * ROUNDING / (1 - propagation.beta);
  for (let at = 0; at < expected.length; at++) {
    const allowed = propagation.mode === "exact"
      ? residual * Math.sqrt(norms[at % width]!)
      : roundings * ROUNDING * bound[at]!;
    assertLessOrEqual(Math.abs(actual[at]! - expected[at]!), allowed, `element ${at}`);
  }
}

/** Asserts that two arrays have the same bits: 0 and -0 differ. */
export function assertSameBits(
  actual: Float32Array<ArrayBuffer>,
  expected: Float32Array<ArrayBuffer>,
  message?: string,
): void {
  assertEquals(actual.length, expected.length, message);
  const bits = new Uint32Array(actual.buffer, actual.byteOffset, actual.length);
  const others = new Uint32Array(expected.buffer, expected.byteOffset, expected.length);
  const at = bits.findIndex((word, index) => word !== others[index]);
  if (at >= 0) {
    throw new Error(`${message ?? "Bits differ"}: element ${at} is ${actual[at]}, expected ${expected[at]}`);
  }
}

type Rule = Omit<SevoOptions, "propagation">;

/** Every rule, in the variants that take other paths. */
export const RULES: { readonly [name: string]: Rule } = {
  sgd: { rule: "sgd", learningRate: 0.1, weightDecay: 0.05 },
  momentum: { rule: "sgd", learningRate: 0.1, momentum: 0.9, weightDecay: 0.05 },
  nesterov: { rule: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true },
  adam: { rule: "adam", learningRate: 0.02, betas: [0.9, 0.98], weightDecay: 0.1 },
  adamw: { rule: "adamw", learningRate: 0.02, betas: [0.9, 0.98], weightDecay: 0.1 },
  lion: { rule: "lion", learningRate: 0.02, weightDecay: 0.1 },
  adagrad: { rule: "adagrad", learningRate: 0.1, weightDecay: 0.05 },
};

/** Every kind of propagation, and none. */
export const MODES: readonly (Propagation | null)[] = [
  null,
  { mode: "neumann", beta: 0.9, layers: 3 },
  { mode: "iterative", beta: 0.4, layers: 2 },
  { mode: "exact", beta: 0.7 },
];

/** Every rule with every propagation. */
export function* everyOptions(): Generator<[name: string, options: SevoOptions]> {
  for (const [name, rule] of Object.entries(RULES)) {
    for (const propagation of MODES) yield [`${name}, ${propagation?.mode ?? "plain"}`, { ...rule, propagation }];
  }
}

/** One table `item` after a step for each gradient. */
export async function runSteps(
  device: Device,
  options: SevoOptions,
  graph: Graph | null,
  shape: readonly [rows: number, columns: number],
  gradients: readonly Gradient[],
): Promise<Float32Array<ArrayBuffer>> {
  let state = sevoInit(device, { item: { data: matrix(1, ...shape), shape } }, options);
  for (const item of gradients) state = sevoStep(state, { item }, options.propagation && graph);
  const { item } = await state.read();
  state[Symbol.dispose]();
  return item;
}
