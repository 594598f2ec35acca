import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { fromPanels } from "../_panels.ts";
import { drawGradient, drawScales, type GradientCase, planOf } from "../_row_gradient_check.ts";
import { sgdOracle } from "./oracle.ts";
import { sgd } from "./sgd.ts";

/** Sizes and options of a check of `sgd`. */
export interface SgdCase extends GradientCase {
  readonly seed: number;
  readonly firstRow: number;
  /** Quads of a panel of the direction. */
  readonly panel: number;
  /** How the gradient is clipped. */
  readonly clip?: "norm" | "value" | undefined;
  /** Whether the direction is scaled. */
  readonly scaled: boolean;
  readonly nesterov: boolean;
  readonly direct: boolean;
  readonly step: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

const plain = {
  panel: 1024,
  sparse: false,
  nonFinite: false,
  scaled: false,
  nesterov: false,
  direct: false,
  momentum: 0,
  weightDecay: 0,
};

/** Cases of the self-check. */
export const sgdCases: readonly SgdCase[] = [
  { ...plain, seed: 1, rows: 1, columns: 1, firstRow: 0, step: 1 },
  {
    ...plain,
    seed: 2,
    rows: 700,
    columns: 64,
    firstRow: 11,
    step: 4,
    sparse: true,
    scaled: true,
    panel: 8,
    momentum: 0.9,
  },
  { ...plain, seed: 3, rows: 97, columns: 130, firstRow: 5, step: 5, direct: true, weightDecay: 0.1, clip: "value" },
  {
    ...plain,
    seed: 4,
    rows: 60,
    columns: 33,
    firstRow: 2,
    step: 7,
    panel: 2,
    nesterov: true,
    momentum: 0.5,
    weightDecay: 0.01,
  },
  { ...plain, seed: 5, rows: 50, columns: 20, firstRow: 3, step: 8, nonFinite: true },
  { ...plain, seed: 6, rows: 50, columns: 20, firstRow: 3, step: 8, large: true, momentum: 0.9, weightDecay: 3e38 },
];

/** Rows of the stack behind the table, which the kernel must leave alone. */
const ROWS_BEHIND = 3;

/**
 * Checks `sgd` against its oracle, with gradient rows of every kind: see `drawGradient`.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkSgd(device: Device, options: SgdCase, kernel = sgd): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, columns, firstRow, nesterov, direct, step } = options;
  const stride = strideOf(columns), stacked = firstRow + rows + ROWS_BEHIND, shape = [stacked, stride] as const;
  const quads = stride / 4;
  const scalars = {
    momentum: Math.fround(options.momentum),
    learningRate: Math.fround(0.1),
    weightDecay: Math.fround(options.weightDecay),
  };
  const gradient = drawGradient(draws, options);
  const parameter = draws.matrix(stacked, columns), direction = poison(stacked * stride);
  const moment1 = scalars.momentum === 0 ? poison(stacked * stride) : draws.matrix(stacked, columns);
  const status = step % 3 === 0 ? [1, 1] : [0, 0];
  const factor = options.clip === "norm" ? 0.25 : 1, limit = options.clip === "value" ? 0.5 : 0;
  const scales = drawScales(draws, stacked, options.scaled), plan = planOf(gradient);

  using tensors = new Tensors(device);
  const bound = {
    gradient: tensors.floats(gradient.gradient, [gradient.gradient.length / stride, stride]),
    plan: plan && tensors.integers(plan),
    moment1: tensors.floats(moment1, shape),
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
    nesterov: Number(nesterov),
    direct: Number(direct),
    step,
    ...scalars,
  });
  const expected = sgdOracle({
    gradient,
    moment1,
    parameter,
    direction,
    scales,
    factor,
    limit,
    status,
    rows,
    firstRow,
    stride,
    nesterov,
    direct,
    step,
    ...scalars,
  });
  const comparison = new Comparison();
  const names = ["moment1", "parameter", "direction"] as const;
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
