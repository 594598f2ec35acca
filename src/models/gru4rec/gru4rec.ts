import type { PrefixBatch } from "../../data/prefix_sampler.ts";
import type { PackedSequences } from "../../data/sequences.ts";
import type { Device } from "../../device/device.ts";
import { embedding, type EmbeddingOptions } from "../../nn/embedding.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { gru } from "../../nn/gru.ts";
import { linear } from "../../nn/linear.ts";
import { pairLoss } from "../../nn/pair_loss.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { segmentsOf } from "../../nn/segments.ts";
import { Tape, type Variable } from "../../nn/tape.ts";
import { InitialWeights } from "../initial_weights.ts";
import {
  checkHeads,
  checkSequences,
  checkTargets,
  itemRows,
  joined,
  lastRows,
  longestFirst,
  plannedGradient,
  queriesOf,
  sequenceScorer,
} from "../sequences.ts";
import type { ModelOptimizer, Queries, Scorer } from "../model.ts";
import { TrainedModel } from "../trained_model.ts";

/** Rows of the item table before that of item 0: the padding row, which no gradient reaches. */
const PADS = 1;

/** Rates of {@linkcode Gru4Rec}. */
export interface Gru4RecOptions {
  /** Items of a sequence at most. */
  readonly length: number;
  /** Probability of dropping an element of an embedding in training. Default 0. */
  readonly dropout?: number;
  /** Seed of dropout, an integer in [0, 2^32). Default 0. */
  readonly seed?: number;
}

/**
 * GRU4Rec (Hidasi et al., ICLR 2016), as in the published SEvo runs: the last state of a gated recurrent unit, made into a
 * query by a linear layer, under BPR against one negative; every prefix of a sequence is a sample.
 */
export class Gru4Rec extends TrainedModel<PrefixBatch> {
  readonly #options: Required<Gru4RecOptions>;
  readonly #itemCount: number;
  readonly #dimension: number;
  readonly #hidden: number;

  /**
   * Puts the weights under training.
   *
   * @param device The device.
   * @param weights Initial weights: see {@linkcode Gru4Rec.initialWeights}.
   * @param options Rates.
   * @param optimizer Rule, rates and graph, which has a row for padding before those of the items.
   * @throws {RangeError} If the embedding width is no multiple of 4.
   */
  constructor(
    device: Device,
    weights: ModelWeights,
    options: Gru4RecOptions,
    { options: rule, graph }: ModelOptimizer,
  ) {
    const [rows, dimension] = weights["item.weight"]!.shape as [number, number];
    checkHeads(dimension, 1);
    super(device, weights, { options: rule, groups: [{ tables: ["item.weight"], graph }] });
    this.#options = { dropout: 0, seed: 0, ...options };
    this.#itemCount = rows - PADS;
    this.#dimension = dimension;
    this.#hidden = weights["gru.weight_hh_l0"]!.shape[1]!;
  }

  /**
   * Draws initial weights as the published runs did (FreeRec 0.4.3): embeddings Xavier-normal, the unit's weights
   * Xavier-uniform, the linear layer uniform within 1/sqrt(hidden).
   *
   * @param items Number of items.
   * @param dimension Embedding width, and that of the state.
   * @param seed An integer in [0, 2^32).
   * @returns The weights.
   */
  static initialWeights(items: number, dimension: number, seed: number): ModelWeights {
    const bound = 1 / Math.sqrt(dimension);
    return new InitialWeights(seed)
      .xavierNormal("item.weight", [items + PADS, dimension])
      .xavierUniform("gru.weight_ih_l0", [3 * dimension, dimension])
      .xavierUniform("gru.weight_hh_l0", [3 * dimension, dimension])
      .uniform("dense.weight", [dimension, dimension], bound)
      .uniform("dense.bias", [dimension], bound)
      .done();
  }

  /** See {@linkcode Model.step}. */
  override step(batch: PrefixBatch): void {
    const { device, trained } = this, { length, seed } = this.#options, d = this.#dimension;
    checkSequences(batch, length);
    checkTargets(batch, batch.offsets.length - 1);
    const { offsets, items, order } = longestFirst(batch);
    const rowsOf = (items: Uint32Array) => itemRows(items, this.#itemCount, PADS);
    const inputs = rowsOf(items);
    const positives = rowsOf(order.map((at) => batch.positives[at]!));
    const negatives = rowsOf(order.map((at) => batch.negatives[at]!));
    const tokens = inputs.length, samples = positives.length;
    device.batch(() => {
      using tape = new Tape(device, { seed, step: trained.steps + 1 });
      // Gradient rows of the item table: of inputs, then of positives, then of negatives
      const rows = tape.empty([tokens + 2 * samples, d]);
      const queries = this.#encode(tape, inputs, offsets, { table: rows, firstRow: 0 });
      const item = trained.table("item.weight");
      const losses = pairLoss(tape, queries, item, { kind: "bpr", positives, negatives, rows, firstRow: tokens });
      tape.backward();
      trained.addLoss(losses, 1 / samples);
      trained.step({
        "item.weight": plannedGradient(tape, joined(inputs, positives, negatives), item.rows, rows),
      });
    });
  }

  /** See {@linkcode Model.scorer}. */
  override scorer(): Scorer {
    const { tensor, rows } = this.trained.table("item.weight");
    return sequenceScorer({ tensor, firstRow: PADS, rows: rows - PADS }, (histories) => this.#queries(histories));
  }

  #queries(histories: PackedSequences): Queries {
    const last = lastRows(histories, this.#options.length, (items) => itemRows(items, this.#itemCount, PADS));
    const { offsets, items: rows, order } = longestFirst({ offsets: last.offsets, items: last.rows });
    const places = new Uint32Array(order.length);
    order.forEach((sequence, at) => places[sequence] = at);
    return queriesOf(this.device, (tape) => gatherRows(tape, this.#encode(tape, rows, offsets), places));
  }

  #encode(
    tape: Tape,
    inputs: Uint32Array,
    offsets: Uint32Array,
    rows?: NonNullable<EmbeddingOptions["rows"]>,
  ): Variable {
    const { trained } = this, ids = tape.upload(inputs);
    const x = embedding(tape, trained.table("item.weight"), { ids, rate: this.#options.dropout, ...rows && { rows } });
    const gates = linear(tape, trained, x, { weight: "gru.weight_ih_l0", outputs: 3 * this.#hidden });
    const state = gru(tape, trained, gates, segmentsOf(tape, offsets), "gru.weight_hh_l0");
    return linear(tape, trained, state, { weight: "dense.weight", bias: "dense.bias", outputs: this.#dimension });
  }
}
