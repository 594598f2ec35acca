import { embed, GATHER, NO_ROW } from "../../kernels/embed/embed.ts";
import type { Tape, Variable } from "./tape.ts";

/**
 * Some rows of a matrix. Runs backward before every other operation that takes the matrix.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { gatherRows, Tape, Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const x = new Variable(tape.upload(new Float32Array([1, 1, 1, 1, 2, 2, 2, 2]), [2, 4]));
 * assertEquals([...await device.read(gatherRows(tape, x, new Uint32Array([1])).tensor)], [2, 2, 2, 2]);
 * ```
 *
 * @param tape The tape.
 * @param x The matrix.
 * @param rows The rows, each once at most.
 * @returns A row for each.
 */
export function gatherRows(tape: Tape, x: Variable, rows: Uint32Array): Variable {
  const { device } = tape;
  const quads = x.tensor.stride / 4;
  const gather = (from: Variable["tensor"], ids: Uint32Array, output: Variable["tensor"]) =>
    device.launch(embed, { table: from, ids: tape.upload(ids), positions: null, positionIds: null, output }, {
      tokens: ids.length,
      quads,
      ...GATHER,
    });
  const output = tape.variable(rows.length, x.tensor.shape[1]!);
  gather(x.tensor, rows, output.tensor);
  tape.record(() => {
    const places = new Uint32Array(x.tensor.shape[0]).fill(NO_ROW);
    rows.forEach((row, at) => places[row] = at);
    gather(output.gradient!, places, tape.gradientOf(x).tensor);
  });
  return output;
}
