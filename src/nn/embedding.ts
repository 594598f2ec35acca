import { embed, embedGradient } from "../../kernels/embed/embed.ts";
import type { RowRange, Tensor } from "../device/device.ts";
import type { Tape, Variable } from "./tape.ts";

/** What an embedding takes besides its table. */
export interface EmbeddingOptions {
  /** Row of the table's matrix for each token, counted from its first; or 0xffffffff for a row of zeros. */
  readonly ids: Tensor<"u32">;
  /** Factor of the table's rows. Default 1. */
  readonly factor?: number;
  /** Probability of dropping an element. Default 0. */
  readonly rate?: number;
  /** Rows added: of a table of embeddings by position. */
  readonly positions?: { readonly table: RowRange; readonly ids: Tensor<"u32"> };
  /** Where the gradient rows of the tables go in training. */
  readonly rows?: {
    /** Takes a row for each token, from `firstRow` on. */
    readonly table: Tensor<"f32">;
    /** First row of `table` that is written. */
    readonly firstRow: number;
    /** Takes a row for each token. */
    readonly positions?: Tensor<"f32">;
  };
}

/**
 * x = dropout(factor E[id] + P[position]) for each token.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { embedding, Tape } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const table = { tensor: tape.upload(new Float32Array([1, 1, 1, 1, 2, 2, 2, 2]), [2, 4]), firstRow: 0, rows: 2 };
 * const x = embedding(tape, table, { ids: tape.upload(new Uint32Array([1, 0, 1])), factor: 10 });
 * assertEquals([...await device.read(x.tensor)], [20, 20, 20, 20, 10, 10, 10, 10, 20, 20, 20, 20]);
 * ```
 *
 * @param tape The tape.
 * @param table The embeddings.
 * @param options Ids, positions, and where gradient rows go.
 * @returns A row for each token.
 */
export function embedding(
  tape: Tape,
  table: RowRange,
  { ids, factor = 1, rate = 0, positions, rows }: EmbeddingOptions,
): Variable {
  const { device } = tape;
  const tokens = ids.shape[0], quads = table.tensor.stride / 4;
  const output = tape.variable(tokens, 4 * quads);
  const positioned = positions ? 1 : 0, dropout = tape.dropout(rate);
  device.launch(embed, {
    table: table.tensor,
    ids,
    positions: positions?.table.tensor ?? null,
    positionIds: positions?.ids ?? null,
    output: output.tensor,
  }, { tokens, quads, positioned, positionsOffset: (positions?.table.firstRow ?? 0) * quads, factor, ...dropout });
  tape.record(() => {
    device.launch(embedGradient, {
      outputGradient: output.gradient!,
      tableRows: rows!.table,
      positionRows: rows!.positions ?? null,
    }, { tokens, quads, firstRow: rows!.firstRow, positioned, factor, ...dropout });
  });
  return output;
}
