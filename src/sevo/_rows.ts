import { blend } from "../../kernels/blend/blend.ts";
import { embed, GATHER } from "../../kernels/embed/embed.ts";
import { scatterRows } from "../../kernels/scatter_rows/scatter_rows.ts";
import type { Tensor } from "../device/device.ts";
import { isIdentity, panelOf } from "./propagation.ts";
import type { ResolvedPropagation } from "./propagation_options.ts";
import type { StackTensors } from "./_stack.ts";

/**
 * Copies rows of a matrix out of it.
 *
 * @param matrix The matrix.
 * @param rows The rows.
 * @param output Takes a row for each.
 */
export function saveRows(matrix: Tensor<"f32">, rows: Tensor<"u32">, output: Tensor<"f32">): void {
  const none = { positions: null, positionIds: null };
  matrix.device.launch(embed, { table: matrix, ids: rows, output, ...none }, {
    tokens: rows.size,
    quads: matrix.stride / 4,
    ...GATHER,
  });
}

/**
 * matrix[row] = keep * matrix[row] + factor * saved, for some rows.
 *
 * @param matrix The matrix.
 * @param rows The rows.
 * @param saved A row for each.
 * @param factors The factors.
 */
export function restoreRows(
  matrix: Tensor<"f32">,
  rows: Tensor<"u32">,
  saved: Tensor<"f32">,
  factors: { readonly keep: number; readonly factor: number },
): void {
  const quads = matrix.stride / 4;
  matrix.device.launch(scatterRows, { rows, input: saved, output: matrix }, {
    count: rows.size,
    quads,
    outputRows: matrix.shape[0],
    panel: quads,
    ...factors,
  });
}

/**
 * Sets the moments and the direction of rows to 0, so that their neighbours get nothing of them.
 *
 * @param tensors Tensors of a stack.
 * @param rows Rows of the stack.
 * @param propagation What smooths the direction; null where nothing does.
 */
export function silenceRows(
  { moment1, moment2, direction }: StackTensors,
  rows: Tensor<"u32">,
  propagation: ResolvedPropagation | null,
): void {
  const clear = (output: Tensor<"f32">, panel: number) =>
    output.device.launch(scatterRows, { rows, input: null, output }, {
      count: rows.size,
      quads: output.stride / 4,
      outputRows: output.shape[0],
      panel,
      keep: 0,
      factor: 0,
    });
  for (const moment of [moment1, moment2]) if (moment) clear(moment, moment.stride / 4);
  if (direction && propagation && !isIdentity(propagation)) {
    clear(direction, panelOf(direction.device, propagation, direction.stride / 4));
  }
}

/**
 * average = weight * average + (1 - weight) * matrix.
 *
 * @param average The moving average.
 * @param matrix What it follows.
 * @param weight Weight of the average so far.
 */
export function follow(average: Tensor<"f32">, matrix: Tensor<"f32">, weight: number): void {
  average.device.launch(blend, { input: matrix, output: average }, {
    quads: matrix.size / 4,
    keep: weight,
    scale: 1 - weight,
  });
}
