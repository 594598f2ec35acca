import type { NextItemBatch } from "../../data/next_item_sampler.ts";
import type { PackedSequences } from "../../data/sequences.ts";
import type { Device } from "../../device/device.ts";
import { activation } from "../../nn/activation.ts";
import { attention } from "../../nn/attention.ts";
import { embedding, type EmbeddingOptions } from "../../nn/embedding.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { layerNorm } from "../../nn/layer_norm.ts";
import { linear } from "../../nn/linear.ts";
import { pairLoss } from "../../nn/pair_loss.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { type Segments, segmentsOf } from "../../nn/segments.ts";
import { Tape, type Variable } from "../../nn/tape.ts";
import { InitialWeights } from "../initial_weights.ts";
import {
  checkHeads,
  checkPositions,
  checkSequences,
  checkTargets,
  itemRows,
  joined,
  lastRows,
  lastTokens,
  plannedGradient,
  positionsOf,
  queriesOf,
  sequenceScorer,
} from "../sequences.ts";
import type { ModelOptimizer, Queries, Scorer } from "../model.ts";
import { TrainedModel } from "../trained_model.ts";

/** Added to variances. */
const EPSILON = 1e-8;

/** Rows of the item table before that of item 0: the padding row, which no gradient reaches. */
const PADS = 1;

/** Sizes and rates of {@linkcode SasRec}. */
export interface SasRecOptions {
  /** Positions: items of a sequence at most. */
  readonly length: number;
  /** Blocks of attention and feed-forward layers. Default 2. */
  readonly blocks?: number;
  /** Heads of attention. Default 1. */
  readonly heads?: number;
  /** Probability of dropping an element in training. Default 0. */
  readonly dropout?: number;
  /** Seed of dropout, an integer in [0, 2^32). Default 0. */
  readonly seed?: number;
}

/**
 * SASRec (Kang and McAuley, ICDM 2018), as in the published SEvo runs: causal self-attention over the sequence so far
 * predicts every next item, under binary cross-entropy against one negative. Padding is attended to: a padded position is
 * a zero vector whose key and value are the projection biases, which is a term in closed form here.
 */
export class SasRec extends TrainedModel<NextItemBatch> {
  readonly #options: Required<SasRecOptions>;
  readonly #itemCount: number;
  readonly #dimension: number;

  /**
   * Puts the weights under training.
   *
   * @param device The device.
   * @param weights Initial weights: see {@linkcode SasRec.initialWeights}.
   * @param options Sizes and rates.
   * @param optimizer Rule, rates and graph, which has a row for padding before those of the items.
   * @throws {RangeError} If the columns of a head are no multiple of 4, or there are more or fewer positions than `length`.
   */
  constructor(device: Device, weights: ModelWeights, options: SasRecOptions, { options: rule, graph }: ModelOptimizer) {
    const [rows, dimension] = weights["item.weight"]!.shape as [number, number], { heads = 1 } = options;
    checkHeads(dimension, heads);
    checkPositions(weights, "position.weight", options.length);
    super(device, weights, {
      options: rule,
      groups: [{ tables: ["item.weight"], graph }, { tables: ["position.weight"], graph: null }],
    });
    this.#options = { blocks: 2, dropout: 0, seed: 0, ...options, heads };
    this.#itemCount = rows - PADS;
    this.#dimension = dimension;
  }

  /**
   * Draws initial weights as the published runs did (FreeRec 0.4.3): embeddings and linear layers Xavier-normal, the
   * attention's projection Xavier-uniform, the feed-forward layers uniform within 1/sqrt(dimension).
   *
   * @param items Number of items.
   * @param dimension Embedding width.
   * @param length Positions.
   * @param blocks Blocks.
   * @param seed An integer in [0, 2^32).
   * @returns The weights.
   */
  static initialWeights(items: number, dimension: number, length: number, blocks: number, seed: number): ModelWeights {
    const square = [dimension, dimension] as const, bound = 1 / Math.sqrt(dimension);
    const initial = new InitialWeights(seed)
      .xavierNormal("item.weight", [items + PADS, dimension])
      .xavierNormal("position.weight", [length, dimension]);
    for (let block = 0; block < blocks; block++) {
      initial.norm(`attn_norm.${block}`, dimension)
        .xavierUniform(`attn.${block}.in_proj_weight`, [3 * dimension, dimension])
        .constant(`attn.${block}.in_proj_bias`, 3 * dimension, 0)
        .xavierNormal(`attn.${block}.out_proj.weight`, square)
        .constant(`attn.${block}.out_proj.bias`, dimension, 0)
        .norm(`ffn_norm.${block}`, dimension);
      for (const layer of ["ffn1", "ffn2"]) {
        initial.uniform(`${layer}.${block}.weight`, [...square, 1], bound)
          .uniform(`${layer}.${block}.bias`, [dimension], bound);
      }
    }
    return initial.norm("last_norm", dimension).done();
  }

  /** See {@linkcode Model.step}. */
  override step(batch: NextItemBatch): void {
    const { device } = this, weights = this.trained, { length, seed } = this.#options, d = this.#dimension;
    checkSequences(batch, length);
    checkTargets(batch, batch.items.length);
    const [inputs, positives, negatives] = [batch.items, batch.positives, batch.negatives].map((items) =>
      itemRows(items, this.#itemCount, PADS)
    ) as [Uint32Array, Uint32Array, Uint32Array];
    device.batch(() => {
      using tape = new Tape(device, { seed, step: weights.steps + 1 });
      const segments = segmentsOf(tape, batch.offsets), { tokens } = segments;
      const positions = positionsOf(batch.offsets, length);
      // Gradient rows of the item table: of inputs, then of positives, then of negatives
      const rows = tape.empty([3 * tokens, d]), positionRows = tape.empty([tokens, d]);
      const hidden = this.#encode(tape, inputs, positions, segments, null, {
        table: rows,
        firstRow: 0,
        positions: positionRows,
      });
      const item = weights.table("item.weight");
      const losses = pairLoss(tape, hidden, item, {
        kind: "crossEntropy",
        positives,
        negatives,
        rows,
        firstRow: tokens,
      });
      tape.backward();
      weights.addLoss(losses, 1 / tokens);
      weights.step({
        "item.weight": plannedGradient(tape, joined(inputs, positives, negatives), item.rows, rows),
        "position.weight": plannedGradient(tape, positions, length, positionRows),
      });
    });
  }

  /** See {@linkcode Model.scorer}. */
  override scorer(): Scorer {
    const { tensor, rows } = this.trained.table("item.weight");
    return sequenceScorer({ tensor, firstRow: PADS, rows: rows - PADS }, (histories) => this.#queries(histories));
  }

  #queries(histories: PackedSequences): Queries {
    const { length } = this.#options;
    const { offsets, rows } = lastRows(histories, length, (items) => itemRows(items, this.#itemCount, PADS));
    return queriesOf(
      this.device,
      (tape) => this.#encode(tape, rows, positionsOf(offsets, length), segmentsOf(tape, offsets), lastTokens(offsets)),
    );
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
    const weights = this.trained, d = this.#dimension, { blocks, heads, length, dropout: rate } = this.#options;
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
        paddedLength: length,
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
      const inner = linear(tape, weights, x, { ...feedForward(`ffn1.${block}`), outputs: d });
      const outer = linear(tape, weights, activation(tape, inner, { kind: "relu", rate }), {
        ...feedForward(`ffn2.${block}`),
        outputs: d,
      });
      x = activation(tape, outer, { rate, residual: x });
    }
    return layerNorm(tape, weights, x, "last_norm", EPSILON);
  }
}

function feedForward(name: string): { weight: string; bias: string } {
  return { weight: `${name}.weight`, bias: `${name}.bias` };
}
