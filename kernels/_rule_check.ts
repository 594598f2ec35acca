/**
 * What the checks of update kernels that keep one moment at most share: the stack of tables that is launched on, and what becomes of
 * it given what the rule makes of one element.
 *
 * @module
 */
import type { Device, Tensor } from "../src/device/device.ts";
import {
  type CheckResult,
  Comparison,
  type Draws,
  type Expected,
  poison,
  ROUNDOFF,
  strideOf,
  Tensors,
  TINY,
  unchanged,
} from "./_check.ts";
import { fromPanels } from "./_panels.ts";
import {
  clippedAt,
  drawGradient,
  drawScales,
  gradientAt,
  type GradientCase,
  planOf,
  statusAfter,
} from "./_row_gradient_check.ts";

/** Sizes and options of a check of an update kernel. */
export interface RuleCase extends GradientCase {
  readonly seed: number;
  readonly firstRow: number;
  /** Quads of a panel of the direction. */
  readonly panel: number;
  /** How the gradient is clipped. */
  readonly clip?: "norm" | "value" | undefined;
  /** Whether the direction is scaled. */
  readonly scaled: boolean;
  readonly direct: boolean;
  readonly step: number;
  readonly weightDecay: number;
}

/** A number, and how far a device may be off. */
export interface Rounded {
  readonly value: number;
  readonly error: number;
}

/** A {@linkcode Rounded} that is a sum, with the magnitude of what was summed. */
export interface Gradient extends Rounded {
  readonly magnitude: number;
}

/** What a rule makes of one element: from the gradient, the parameter and the moment before, which may be left alone. */
export type ElementRule = (g: Gradient, parameter: number, moment: number) => {
  readonly moment: Rounded | null;
  readonly direction: Rounded;
};

/** How a rule moves the table, for {@linkcode checkRule}. */
export interface RuleOracle {
  /** What it makes of one element. */
  readonly element: ElementRule;
  /** The step size. */
  readonly learningRate: number;
  /** Decay of the parameter apart from the gradient. */
  readonly decoupled: number;
}

/** Buffers of the launch, as all update kernels bind them. */
export type RuleTensors = Readonly<
  & Record<"gradient" | "moment" | "parameter" | "direction" | "status", Tensor>
  & Record<"plan" | "scales", Tensor | null>
>;

/** Scalars of the launch that all update kernels take. */
export type RuleScalars = Readonly<
  Record<
    | "rows"
    | "firstRow"
    | "quads"
    | "stackRows"
    | "panel"
    | "sparse"
    | "scaled"
    | "clipped"
    | "limit"
    | "direct"
    | "step",
    number
  >
>;

/** Rows of the stack behind the table, which the kernel must leave alone. */
const ROWS_BEHIND = 3;

/** Of so many rows one has no moment yet. */
const NEW_ROWS = 5;

/**
 * Checks an update kernel, with gradient rows of every kind: see `drawGradient`.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param draws Where the numbers come from.
 * @param kernel Name of the kernel.
 * @param oracle What the rule is.
 * @param drawn Makes an element of the moment of a number in (-1, 1).
 * @param launch Launches the kernel.
 * @returns The outcome.
 */
export async function checkRule(
  device: Device,
  options: RuleCase,
  draws: Draws,
  kernel: string,
  oracle: RuleOracle,
  drawn: (value: number) => number,
  launch: (tensors: RuleTensors, scalars: RuleScalars) => void,
): Promise<CheckResult> {
  const { rows, columns, firstRow, panel, direct, step } = options;
  const stride = strideOf(columns), stackRows = firstRow + rows + ROWS_BEHIND, shape = [stackRows, stride] as const;
  const quads = stride / 4;
  const data = drawGradient(draws, options);
  const before = {
    parameter: draws.matrix(stackRows, columns),
    moment: draws.matrix(stackRows, columns).map((value, at) =>
      Math.floor(at / stride) % NEW_ROWS === 0 ? 0 : drawn(value)
    ),
    direction: poison(stackRows * stride),
  };
  const words = step % 3 === 0 ? [1, 1] : [0, 0];
  const factor = options.clip === "norm" ? 0.25 : 1, limit = options.clip === "value" ? 0.5 : 0;
  const scales = drawScales(draws, stackRows, options.scaled), plan = planOf(data);

  using tensors = new Tensors(device);
  const bound = {
    gradient: tensors.floats(data.gradient, [data.gradient.length / stride, stride]),
    plan: plan && tensors.integers(plan),
    moment: tensors.floats(before.moment, shape),
    parameter: tensors.floats(before.parameter, shape),
    direction: tensors.floats(before.direction, shape),
    scales: scales && tensors.floats(scales),
    status: tensors.integers(Uint32Array.of(...words, new Uint32Array(Float32Array.of(factor).buffer)[0]!)),
  };
  launch(bound, {
    rows,
    firstRow,
    quads,
    stackRows,
    panel,
    sparse: Number(options.sparse),
    scaled: Number(options.scaled),
    clipped: Number(options.clip === "norm"),
    limit,
    direct: Number(direct),
    step,
  });

  const moment = unchanged(before.moment);
  const parameter = unchanged(before.parameter), direction = unchanged(before.direction);
  const { element, learningRate, decoupled } = oracle;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < stride; column++) {
      const at = (firstRow + row) * stride + column, p = before.parameter[at]!;
      const g = clippedAt({ factor, limit }, gradientAt(data, stride, row, column));
      const made = element(g, p, before.moment[at]!), { value: d, error } = made.direction;
      if (made.moment) set(moment, at, made.moment);
      if (direct) {
        const keep = 1 - learningRate * decoupled, moved = learningRate * d;
        const keepError = decoupled === 0 ? 0 : 2 * ROUNDOFF * Math.abs(p);
        const rounding = 3 * ROUNDOFF * (Math.abs(keep * p) + Math.abs(moved)) + TINY;
        set(parameter, at, { value: keep * p - moved, error: learningRate * error + keepError + rounding });
      } else {
        const scale = scales?.[firstRow + row] ?? 1, scaled = scale * d;
        set(direction, at, {
          value: scaled,
          error: scale * error + (scales ? ROUNDOFF * Math.abs(scaled) : 0),
        });
      }
    }
  }
  const comparison = new Comparison();
  comparison.integers("status", await device.read(bound.status), statusAfter(words, step, data, [moment, parameter]));
  comparison.floats("moment", await device.read(bound.moment), moment);
  comparison.floats("parameter", await device.read(bound.parameter), parameter);
  comparison.floats("direction", fromPanels(await device.read(bound.direction), quads, panel), direction);
  return comparison.result(kernel, options);
}

/** What comes of a value that is not finite, or of one beyond float32, is left open: only `status` counts. */
function set({ values, tolerance }: Expected, at: number, { value, error }: Rounded): void {
  values[at] = value;
  tolerance[at] = Number.isFinite(Math.fround(value)) && !Number.isNaN(error) ? error : Infinity;
}
