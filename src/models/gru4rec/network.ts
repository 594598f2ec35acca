import type { PrefixBatch } from "../../data/prefix_sampler.ts";
import { embedding, type EmbeddingOptions } from "../../nn/embedding.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { gru } from "../../nn/gru.ts";
import { linear } from "../../nn/linear.ts";
import { pairLoss } from "../../nn/pair_loss.ts";
import { segmentsOf } from "../../nn/segments.ts";
import type { Tape, Variable } from "../../nn/tape.ts";
import type { BatchGradients, BorrowedRows, Network, NetworkWeights, Requests } from "../network.ts";
import { SequenceNetwork } from "../sequence_network.ts";
import { checkSequences, checkTargets } from "../sequence_checks.ts";
import { itemsOf, joined, lastRows, longestFirst, plannedGradient } from "../sequences.ts";
import { type Gru4RecSettings, LEADING_ROWS } from "./settings.ts";

/** How GRU4Rec computes: see `gru4rec`. */
export class Gru4RecNetwork extends SequenceNetwork<Gru4RecSettings> implements Network<PrefixBatch> {
  /**
   * @param weights Its weights.
   * @param settings Its settings.
   * @throws {RangeError} If the embedding width is no multiple of 4.
   */
  constructor(weights: NetworkWeights, settings: Gru4RecSettings) {
    super(weights, settings, { items: "item.weight", leadingRows: LEADING_ROWS });
  }

  /** See {@linkcode Network.backward}. */
  backward(tape: Tape, batch: PrefixBatch): BatchGradients {
    const d = this.dimension;
    checkSequences(batch, this.settings.maxLength);
    checkTargets(batch, batch.offsets.length - 1);
    const { offsets, items, order } = longestFirst(batch);
    const inputs = this.rowsOf(items);
    const positives = this.rowsOf(order.map((at) => batch.positives[at]!));
    const negatives = this.rowsOf(order.map((at) => batch.negatives[at]!));
    const tokens = inputs.length, samples = positives.length;
    // Gradient rows of the item table: of inputs, then of positives, then of negatives
    const rows = tape.empty([tokens + 2 * samples, d]);
    const queries = this.#encode(tape, inputs, offsets, { table: rows, firstRow: 0 });
    const item = this.weights.table("item.weight");
    const losses = pairLoss(tape, queries, item, { kind: "bpr", positives, negatives, rows, firstRow: tokens });
    tape.backward();
    const gradient = plannedGradient(tape, joined(inputs, positives, negatives), item.rows, rows);
    return { losses, gradients: { "item.weight": gradient } };
  }

  /** See {@linkcode Network.items}. */
  items(): BorrowedRows {
    return itemsOf(this.weights.table("item.weight"), LEADING_ROWS);
  }

  /** See {@linkcode Network.queries}. */
  queries(tape: Tape, { histories }: Requests): Variable {
    const last = lastRows(histories, this.settings.maxLength, (items) => this.rowsOf(items));
    const { offsets, items: rows, order } = longestFirst({ offsets: last.offsets, items: last.rows });
    const places = new Uint32Array(order.length);
    order.forEach((sequence, at) => places[sequence] = at);
    return gatherRows(tape, this.#encode(tape, rows, offsets), places);
  }

  #encode(
    tape: Tape,
    inputs: Uint32Array,
    offsets: Uint32Array,
    rows?: NonNullable<EmbeddingOptions["rows"]>,
  ): Variable {
    const weights = this.weights, ids = tape.upload(inputs);
    const x = embedding(tape, weights.table("item.weight"), { ids, rate: this.settings.dropout, ...rows && { rows } });
    const gates = linear(tape, weights, x, { weight: "gru.weight_ih_l0", outputs: 3 * this.dimension });
    const state = gru(tape, weights, gates, segmentsOf(tape, offsets), "gru.weight_hh_l0");
    return linear(tape, weights, state, { weight: "dense.weight", bias: "dense.bias", outputs: this.dimension });
  }
}
