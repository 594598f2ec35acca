import { pairLoss as kernel } from "../../kernels/pair_loss/pair_loss.ts";
import type { RowRange, Tensor } from "../device/device.ts";
import type { Tape, Variable } from "./tape.ts";

/** What a pairwise loss takes besides its queries. */
export interface PairLossOptions {
  /** BPR: softplus(negative score - positive score); or the binary cross-entropy of both scores. */
  readonly kind: "bpr" | "crossEntropy";
  /** Row of the items for each query's positive. */
  readonly positives: Uint32Array;
  /** Row of the items for each query's negative. */
  readonly negatives: Uint32Array;
  /** Takes gradient rows of the items: of the positives from row `firstRow` on, then of the negatives. */
  readonly rows: Tensor<"f32">;
  /** First row of `rows` that is written. */
  readonly firstRow: number;
}

/**
 * A pairwise loss of dot products, averaged over the queries: the end of a training pass, whose gradient it writes.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { pairLoss, Tape, Variable } from "@sevo/sevo/models";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, { seed: 1, step: 1 });
 * const items = { tensor: tape.upload(new Float32Array([1, 0, 0, 0, 0, 1, 0, 0]), [2, 4]), firstRow: 0, rows: 2 };
 * const queries = new Variable(tape.upload(new Float32Array([1, 0, 0, 0]), [1, 4]));
 * const losses = pairLoss(tape, queries, items, {
 *   kind: "bpr",
 *   positives: new Uint32Array([0]),
 *   negatives: new Uint32Array([1]),
 *   rows: tape.empty([2, 4]),
 *   firstRow: 0,
 * });
 * assertAlmostEquals((await device.read(losses))[0]!, Math.log1p(Math.exp(-1)), 1e-6);
 * assertAlmostEquals((await device.read(queries.gradient!))[1]!, 1 / (1 + Math.E), 1e-6);
 * ```
 *
 * @param tape The tape.
 * @param queries A query for each sample.
 * @param items The items' rows.
 * @param options Kind, samples, and where gradient rows go.
 * @returns A loss for each query.
 */
export function pairLoss(
  tape: Tape,
  queries: Variable,
  { tensor: itemTable, firstRow: firstItem }: RowRange,
  { kind, positives, negatives, rows, firstRow }: PairLossOptions,
): Tensor<"f32"> {
  const samples = positives.length, losses = tape.empty([samples]);
  tape.device.launch(kernel, {
    userTable: queries.tensor,
    itemTable,
    users: null,
    positives: tape.upload(positives),
    negatives: tape.upload(negatives),
    userGradient: tape.gradientOf(queries).tensor,
    itemGradient: rows,
    losses,
  }, {
    samples,
    quads: itemTable.stride / 4,
    firstUser: 0,
    firstItem,
    indexed: 0,
    firstGradient: firstRow,
    pointwise: kind === "crossEntropy" ? 1 : 0,
  });
  return losses;
}
