import { gradientSlices } from "../../kernels/matmul/matmul.ts";
import type { Tensor } from "../device/device.ts";
import type { Tape } from "./tape.ts";

/** A linear layer: sizes, and quads of the gradient from which on its parameters are. */
interface Layer {
  /** Rows of a batch, outputs and inputs. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly weightOffset: number;
  /** Null where there is no bias. */
  readonly biasOffset: number | null;
}

/** Where `matmulGradient` puts the gradient of weight and bias. */
interface Place {
  /** The tensor, to be asked for while the pass runs backward. */
  readonly tensor: () => Tensor<"f32">;
  /** Scalars of the launch. */
  readonly scalars: {
    readonly gradientOffset: number;
    readonly biasOffset: number;
    readonly biased: number;
    readonly slices: number;
    readonly sliceStride: number;
  };
}

/**
 * Announces the gradient of a linear layer: all at once where it belongs, or for a large batch on a GPU in slices of the rows
 * that are added up at the end.
 *
 * @param tape The pass.
 * @param gradient The gradient of the parameters.
 * @param layer The layer.
 * @returns Where to put it.
 */
export function weightGradientPlace(tape: Tape, gradient: Tensor<"f32">, layer: Layer): Place {
  const { m, n, k, weightOffset, biasOffset } = layer, sums = tape.sumsInto(gradient);
  const weight = { offset: weightOffset, quads: n * k / 4 };
  const bias = biasOffset === null ? null : { offset: biasOffset, quads: n / 4 }, biased = bias ? 1 : 0;
  // Threads share the columns out: rows need no slices
  const slices = tape.device.kind === "cpu" ? 1 : gradientSlices(m, n, k);
  if (slices === 1 && sums.take(weight, ...bias ? [bias] : [])) {
    const scalars = { gradientOffset: weightOffset, biasOffset: biasOffset ?? 0, biased, slices, sliceStride: 0 };
    return { tensor: () => gradient, scalars };
  }
  const sliceStride = weight.quads + (bias?.quads ?? 0), rows = sums.reserve(slices, sliceStride);
  const biasRows = { ...rows, offset: rows.offset + weight.quads };
  sums.add(weight, rows);
  if (bias) sums.add(bias, biasRows);
  const scalars = { gradientOffset: rows.offset, biasOffset: biasRows.offset, biased, slices, sliceStride };
  return { tensor: () => sums.partials, scalars };
}
