import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { fromPanels } from "../_panels.ts";
import { drawGradient, drawScales, type GradientCase, planOf } from "../_row_gradient_check.ts";
import { adam } from "./adam.ts";
import { adamOracle } from "./oracle.ts";

/** Sizes and options of a check of `adam`. */
export interface AdamCase extends GradientCase {
  readonly seed: number;
  readonly firstRow: number;
  /** Quads of a panel of the direction. */
  readonly panel: number;
  /** How the gradient is clipped. */
  readonly clip?: "norm" | "value" | undefined;
  /** Whether the direction is scaled. */
  readonly scaled: boolean;
  readonly coupled: boolean;
  readonly correct: boolean;
  readonly refresh: boolean;
  readonly direct: boolean;
  readonly step: number;
  readonly weightDecay: number;
}

const plain = {
  sparse: false,
  nonFinite: false,
  scaled: false,
  coupled: false,
  panel: 1024,
  correct: true,
  refresh: false,
  direct: false,
  weightDecay: 0,
};

/** Cases of the self-check. */
export const adamCases: readonly AdamCase[] = [
  { ...plain, seed: 1, rows: 1, columns: 1, firstRow: 0, step: 1 },
  {
    ...plain,
    seed: 2,
    rows: 700,
    columns: 64,
    firstRow: 11,
    step: 3,
    sparse: true,
    scaled: true,
    panel: 8,
    clip: "norm",
  },
  { ...plain, seed: 3, rows: 97, columns: 130, firstRow: 5, step: 100, direct: true, weightDecay: 0.1 },
  {
    ...plain,
    seed: 4,
    rows: 60,
    columns: 33,
    firstRow: 0,
    step: 7,
    coupled: true,
    correct: false,
    weightDecay: 0.01,
    clip: "value",
  },
  { ...plain, seed: 5, rows: 12, columns: 1100, firstRow: 1, step: 2, refresh: true, scaled: true, panel: 9 },
  { ...plain, seed: 6, rows: 50, columns: 20, firstRow: 3, step: 8, sparse: true, nonFinite: true },
  { ...plain, seed: 7, rows: 50, columns: 20, firstRow: 3, step: 8, large: true },
];

/** Rows of the stack behind the table, which the kernel must leave alone. */
const ROWS_BEHIND = 3;

const BETA1 = 0.9, BETA2 = 0.999;

/**
 * Checks `adam` against its oracle, with gradient rows of every kind: see `drawGradient`.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkAdam(device: Device, options: AdamCase, kernel = adam): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, columns, firstRow, coupled, correct, refresh, direct, step } = options;
  const stride = strideOf(columns), stacked = firstRow + rows + ROWS_BEHIND, shape = [stacked, stride] as const;
  const quads = stride / 4;
  const scalars = {
    gain1: Math.fround((1 - BETA1) / (1 - BETA1 ** step)),
    gain2: Math.fround((1 - BETA2) / (1 - BETA2 ** step)),
    epsilon: Math.fround(1e-8),
    learningRate: Math.fround(1e-2),
    weightDecay: Math.fround(options.weightDecay),
  };
  const gradient = drawGradient(draws, options);
  const moment1 = draws.matrix(stacked, columns), parameter = draws.matrix(stacked, columns);
  const moment2 = draws.matrix(stacked, columns).map((value) => value * value);
  const direction = poison(stacked * stride), status = step % 3 === 0 ? [1, 1] : [0, 0];
  const factor = options.clip === "norm" ? 0.25 : 1, limit = options.clip === "value" ? 0.5 : 0;
  const scales = drawScales(draws, stacked, options.scaled), plan = planOf(gradient);

  using tensors = new Tensors(device);
  const bound = {
    gradient: tensors.floats(gradient.gradient, [gradient.gradient.length / stride, stride]),
    plan: plan && tensors.integers(plan),
    moment1: tensors.floats(moment1, shape),
    moment2: tensors.floats(moment2, shape),
    parameter: tensors.floats(parameter, shape),
    direction: tensors.floats(direction, shape),
    scales: scales && tensors.floats(scales),
    status: tensors.integers(Uint32Array.of(...status, new Uint32Array(Float32Array.of(factor).buffer)[0]!)),
  };
  device.launch(kernel, bound, {
    rows,
    firstRow,
    quads,
    stackRows: stacked,
    panel: options.panel,
    sparse: Number(options.sparse),
    scaled: Number(options.scaled),
    clipped: Number(options.clip === "norm"),
    limit,
    coupled: Number(coupled),
    correct: Number(correct),
    refresh: Number(refresh),
    direct: Number(direct),
    step,
    ...scalars,
  });
  const expected = adamOracle({
    gradient,
    moment1,
    moment2,
    parameter,
    direction,
    scales,
    factor,
    limit,
    status,
    rows,
    firstRow,
    stride,
    coupled,
    correct,
    refresh,
    direct,
    step,
    ...scalars,
  });
  const comparison = new Comparison();
  const names = ["moment1", "moment2", "parameter", "direction"] as const;
  const [after, ...floats] = await Promise.all([
    device.read(bound.status),
    ...names.map((name) => device.read(bound[name])),
  ]);
  comparison.integers("status", after, expected.status);
  names.forEach((name, at) => {
    const actual = name === "direction" ? fromPanels(floats[at]!, quads, options.panel) : floats[at]!;
    comparison.floats(name, actual, expected[name]);
  });
  return comparison.result(kernel.name, options);
}
