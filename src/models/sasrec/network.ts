import type { NextItemBatch } from "../../data/next_item_sampler.ts";
import { attention } from "../../nn/attention.ts";
import { embedding, type EmbeddingOptions } from "../../nn/embedding.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { layerNorm } from "../../nn/layer_norm.ts";
import { linear } from "../../nn/linear.ts";
import { pairLoss } from "../../nn/pair_loss.ts";
import { type Segments, segmentsOf } from "../../nn/segments.ts";
import type { Tape, Variable } from "../../nn/tape.ts";
import type { BatchGradients, BorrowedRows, Network, NetworkWeights, Requests } from "../network.ts";
import { SequenceNetwork } from "../sequence_network.ts";
import { checkSequences, checkTargets } from "../sequence_checks.ts";
import { itemsOf, joined, lastRows, lastTokens, plannedGradient, positionsOf } from "../sequences.ts";
import { LEADING_ROWS, type SasRecSettings } from "./settings.ts";

/** Added to variances. */
const EPSILON = 1e-8;

/** How SASRec computes: see `sasrec`. */
export class SasRecNetwork extends SequenceNetwork<SasRecSettings> implements Network<NextItemBatch> {
  /**
   * @param weights Its weights.
   * @param settings Its settings.
   * @throws {RangeError} If the columns of a head are no multiple of 4, or there are more or fewer positions than `maxLength`.
   */
  constructor(weights: NetworkWeights, settings: SasRecSettings) {
    super(weights, settings, { items: "item.weight", leadingRows: LEADING_ROWS, positions: "position.weight" });
  }

  /** See {@linkcode Network.backward}. */
  backward(tape: Tape, batch: NextItemBatch): BatchGradients {
    const { maxLength } = this.settings, d = this.dimension;
    checkSequences(batch, maxLength);
    checkTargets(batch, batch.items.length);
    const [inputs, positives, negatives] = [batch.items, batch.positives, batch.negatives].map((items) =>
      this.rowsOf(items)
    ) as [Uint32Array, Uint32Array, Uint32Array];
    const segments = segmentsOf(tape, batch.offsets), { tokens } = segments;
    const positions = positionsOf(batch.offsets, maxLength);
    // Gradient rows of the item table: of inputs, then of positives, then of negatives
    const rows = tape.empty([3 * tokens, d]), positionRows = tape.empty([tokens, d]);
    const hidden = this.#encode(tape, inputs, positions, segments, null, {
      table: rows,
      firstRow: 0,
      positions: positionRows,
    });
    const item = this.weights.table("item.weight");
    const losses = pairLoss(tape, hidden, item, {
      kind: "crossEntropy",
      positives,
      negatives,
      rows,
      firstRow: tokens,
    });
    tape.backward();
    return {
      losses,
      gradients: {
        "item.weight": plannedGradient(tape, joined(inputs, positives, negatives), item.rows, rows),
        "position.weight": plannedGradient(tape, positions, maxLength, positionRows),
      },
    };
  }

  /** See {@linkcode Network.items}. */
  items(): BorrowedRows {
    return itemsOf(this.weights.table("item.weight"), LEADING_ROWS);
  }

  /** See {@linkcode Network.queries}. */
  queries(tape: Tape, { histories }: Requests): Variable {
    const { maxLength } = this.settings;
    const rowsOf = (items: Uint32Array) => this.rowsOf(items);
    const { offsets, rows } = lastRows(histories, maxLength, rowsOf);
    const positions = positionsOf(offsets, maxLength);
    return this.#encode(tape, rows, positions, segmentsOf(tape, offsets), lastTokens(offsets));
  }

  /** The hidden state of each token, or of those wanted alone. */
  #encode(
    tape: Tape,
    inputs: Uint32Array,
    positions: Uint32Array,
    segments: Segments,
    wanted: Uint32Array | null,
    rows?: NonNullable<EmbeddingOptions["rows"]>,
  ): Variable {
    const weights = this.weights, d = this.dimension, { blocks, heads, maxLength, dropout: rate } = this.settings;
    let x = embedding(tape, weights.table("item.weight"), {
      ids: tape.upload(inputs),
      factor: Math.sqrt(d),
      rate,
      positions: { table: weights.table("position.weight"), ids: tape.upload(positions) },
      ...rows && { rows },
    });
    for (let block = 0; block < blocks; block++) {
      const projection = { weight: `attn.${block}.in_proj_weight`, bias: `attn.${block}.in_proj_bias` };
      const normed = layerNorm(tape, weights, x, `attn_norm.${block}`, EPSILON);
      const qkv = tape.variable(segments.tokens, 3 * d);
      // Queries alone are normed: keys and values are those of the input
      linear(tape, weights, normed, { ...projection, outputs: d, into: { variable: qkv, first: 0, count: d } });
      linear(tape, weights, x, {
        ...projection,
        outputs: 2 * d,
        firstOutput: d,
        into: { variable: qkv, first: d, count: 2 * d },
      });
      let attended = attention(tape, weights, qkv, segments, {
        heads,
        causal: true,
        rate,
        bias: projection.bias,
        paddedLength: maxLength,
      });
      if (wanted && block === blocks - 1) {
        attended = gatherRows(tape, attended, wanted);
        x = gatherRows(tape, x, wanted);
      }
      x = linear(tape, weights, attended, {
        weight: `attn.${block}.out_proj.weight`,
        bias: `attn.${block}.out_proj.bias`,
        outputs: d,
        residual: x,
      });
      x = layerNorm(tape, weights, x, `ffn_norm.${block}`, EPSILON);
      const inner = linear(tape, weights, x, { ...feedForward(`ffn1.${block}`), outputs: d, kind: "relu", rate });
      x = linear(tape, weights, inner, { ...feedForward(`ffn2.${block}`), outputs: d, rate, residual: x });
    }
    return layerNorm(tape, weights, x, "last_norm", EPSILON);
  }
}

function feedForward(name: string): { weight: string; bias: string } {
  return { weight: `${name}.weight`, bias: `${name}.bias` };
}
