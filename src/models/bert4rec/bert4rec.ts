import { appendColumn } from "../../../kernels/append_column/append_column.ts";
import type { ClozeBatch } from "../../data/cloze_sampler.ts";
import type { PackedSequences } from "../../data/sequences.ts";
import type { Device } from "../../device/device.ts";
import { activation } from "../../nn/activation.ts";
import { attention } from "../../nn/attention.ts";
import { catalogueSoftmax } from "../../nn/catalogue_softmax.ts";
import { embedding, type EmbeddingOptions } from "../../nn/embedding.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { layerNorm } from "../../nn/layer_norm.ts";
import { linear } from "../../nn/linear.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { type Segments, segmentsOf } from "../../nn/segments.ts";
import { Tape, type Variable } from "../../nn/tape.ts";
import { InitialWeights } from "../initial_weights.ts";
import {
  checkHeads,
  checkHidden,
  checkPositions,
  checkSequences,
  itemRow,
  itemRows,
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
const EPSILON = 1e-5;

/** Rows of the tables before that of item 0: the padding row, which no gradient reaches, and that of hidden items. */
const PADS = 2;

/** Row of the item table that stands for a hidden item. */
const HIDDEN_ROW = 1;

/** In a history: an item that is hidden. */
export const HIDDEN_ITEM = 0xfffffffe;

/** Largest initial weight of embeddings and linear layers. */
const INITIAL_BOUND = 0.02;

/** Sizes and rates of {@linkcode Bert4Rec}. */
export interface Bert4RecOptions {
  /** Positions: items of a sequence at most. */
  readonly length: number;
  /** Layers of the encoder. Default 2. */
  readonly blocks?: number;
  /** Heads of attention. Default 4. */
  readonly heads?: number;
  /** Probability of dropping an element in training. Default 0. */
  readonly dropout?: number;
  /** Seed of dropout, an integer in [0, 2^32). Default 0. */
  readonly seed?: number;
}

/**
 * BERT4Rec (Sun et al., CIKM 2019), as in the published SEvo runs: a bidirectional encoder predicts hidden items from all
 * others, under softmax cross-entropy over the whole catalogue, padding and hidden rows included, with an output table of
 * its own. Both tables are smoothed, each apart.
 */
export class Bert4Rec extends TrainedModel<ClozeBatch> {
  readonly #options: Required<Bert4RecOptions>;
  readonly #itemCount: number;
  readonly #dimension: number;

  /**
   * Puts the weights under training.
   *
   * @param device The device.
   * @param weights Initial weights: see {@linkcode Bert4Rec.initialWeights}.
   * @param options Sizes and rates.
   * @param optimizer Rule, rates and graph, which has two rows, for padding and hidden items, before those of the items.
   * @throws {RangeError} If the columns of a head are no multiple of 4, or there are more or fewer positions than `length`.
   */
  constructor(
    device: Device,
    weights: ModelWeights,
    options: Bert4RecOptions,
    { options: rule, graph }: ModelOptimizer,
  ) {
    const [rows, dimension] = weights["item.weight"]!.shape as [number, number], { heads = 4 } = options;
    checkHeads(dimension, heads);
    checkPositions(weights, "position.weight", options.length);
    super(device, weights, {
      options: rule,
      groups: [
        { tables: ["item.weight"], graph },
        { tables: ["out.weight"], graph },
        { tables: ["position.weight"], graph: null },
      ],
    });
    this.#options = { blocks: 2, dropout: 0, seed: 0, ...options, heads };
    this.#itemCount = rows - PADS;
    this.#dimension = dimension;
  }

  /**
   * Draws initial weights as the published runs did (FreeRec 0.4.3): embeddings and linear layers Xavier-normal, cut off at
   * 0.02; the attention's projection Xavier-uniform.
   *
   * @param items Number of items.
   * @param dimension Embedding width.
   * @param length Positions.
   * @param blocks Layers of the encoder.
   * @param seed An integer in [0, 2^32).
   * @returns The weights.
   */
  static initialWeights(items: number, dimension: number, length: number, blocks: number, seed: number): ModelWeights {
    const initial = new InitialWeights(seed);
    const layer = (name: string, outputs: number, inputs: number) =>
      initial.xavierNormal(`${name}.weight`, [outputs, inputs], INITIAL_BOUND).constant(`${name}.bias`, outputs, 0);
    initial.xavierNormal("item.weight", [items + PADS, dimension], INITIAL_BOUND)
      .xavierNormal("position.weight", [length, dimension], INITIAL_BOUND)
      .norm("norm", dimension);
    for (let block = 0; block < blocks; block++) {
      const name = `encoder.layers.${block}`;
      initial.xavierUniform(`${name}.self_attn.in_proj_weight`, [3 * dimension, dimension])
        .constant(`${name}.self_attn.in_proj_bias`, 3 * dimension, 0);
      layer(`${name}.self_attn.out_proj`, dimension, dimension);
      layer(`${name}.linear1`, 4 * dimension, dimension);
      layer(`${name}.linear2`, dimension, 4 * dimension);
      initial.norm(`${name}.norm1`, dimension).norm(`${name}.norm2`, dimension);
    }
    layer("out", items + PADS, dimension);
    return initial.done();
  }

  /** See {@linkcode Model.step}. */
  override step(batch: ClozeBatch): void {
    const { device, trained } = this, { length, seed } = this.#options, d = this.#dimension;
    checkSequences(batch, length);
    checkHidden(batch.hidden, batch.items.length);
    const inputs = itemRows(batch.items, this.#itemCount, PADS);
    const labels = batch.hidden.map((place) => inputs[place]!);
    for (const place of batch.hidden) inputs[place] = HIDDEN_ROW;
    device.batch(() => {
      using tape = new Tape(device, { seed, step: trained.steps + 1 });
      const positions = positionsOf(batch.offsets, length), tokens = inputs.length;
      const rows = tape.empty([tokens, d]), positionRows = tape.empty([tokens, d]);
      const hidden = this.#encode(tape, inputs, positions, segmentsOf(tape, batch.offsets), batch.hidden, {
        table: rows,
        firstRow: 0,
        positions: positionRows,
      });
      const item = trained.table("item.weight"), table = trained.table("out.weight").tensor;
      const losses = tape.empty([labels.length]), tableGradient = tape.empty(table.shape);
      catalogueSoftmax(device, {
        hidden: hidden.tensor,
        table,
        parameters: trained.parameters,
        biasOffset: trained.layout.offset("out.bias"),
        labels: tape.upload(labels),
        losses,
        hiddenGradient: tape.gradientOf(hidden).tensor,
        tableGradient,
        gradient: trained.gradient,
      });
      tape.backward();
      trained.addLoss(losses, 1 / labels.length);
      trained.step({
        "item.weight": plannedGradient(tape, inputs, item.rows, rows),
        "out.weight": tableGradient,
        "position.weight": plannedGradient(tape, positions, length, positionRows),
      });
    });
  }

  /** See {@linkcode Model.scorer}. */
  override scorer(): Scorer {
    const { device, trained } = this, d = this.#dimension;
    const { tensor: table, rows } = trained.table("out.weight");
    // The bias is one more column of the items' rows, which meets a 1 in the queries
    const tensor = device.empty("f32", [rows, d + 4]);
    device.launch(appendColumn, { input: table, column: trained.parameters, output: tensor }, {
      rows,
      quads: d / 4,
      first: 4 * trained.layout.offset("out.bias"),
      value: 0,
      given: 1,
    });
    const items = { tensor, firstRow: PADS, rows: rows - PADS };
    return sequenceScorer(items, (histories) => this.#queries(histories), () => tensor.dispose());
  }

  /** What the model says of a hidden item after each history. */
  #queries(histories: PackedSequences): Queries {
    const { length } = this.#options, d = this.#dimension;
    const rowsOf = (items: Uint32Array) =>
      items.map((item) => item === HIDDEN_ITEM ? HIDDEN_ROW : itemRow(item, this.#itemCount, PADS));
    const { offsets, rows } = withHidden(histories, length, rowsOf);
    return queriesOf(this.device, (tape) => {
      const places = lastTokens(offsets), positions = positionsOf(offsets, length);
      const hidden = this.#encode(tape, rows, positions, segmentsOf(tape, offsets), places);
      const queries = tape.variable(places.length, d + 4);
      this.device.launch(appendColumn, { input: hidden.tensor, column: null, output: queries.tensor }, {
        rows: places.length,
        quads: d / 4,
        first: 0,
        value: 1,
        given: 0,
      });
      return queries;
    });
  }

  /** The hidden states of the tokens wanted. */
  #encode(
    tape: Tape,
    inputs: Uint32Array,
    positions: Uint32Array,
    segments: Segments,
    wanted: Uint32Array,
    rows?: NonNullable<EmbeddingOptions["rows"]>,
  ): Variable {
    const { trained } = this, d = this.#dimension, { blocks, heads, dropout: rate } = this.#options;
    const layer = (name: string, outputs: number) => ({ weight: `${name}.weight`, bias: `${name}.bias`, outputs });
    const embedded = embedding(tape, trained.table("item.weight"), {
      ids: tape.upload(inputs),
      positions: { table: trained.table("position.weight"), ids: tape.upload(positions) },
      ...rows && { rows },
    });
    let x = activation(tape, layerNorm(tape, trained, embedded, "norm", EPSILON), { rate });
    for (let block = 0; block < blocks; block++) {
      const name = `encoder.layers.${block}`, own = `${name}.self_attn`;
      const qkv = linear(tape, trained, x, {
        weight: `${own}.in_proj_weight`,
        bias: `${own}.in_proj_bias`,
        outputs: 3 * d,
      });
      let attended = attention(tape, trained, qkv, segments, {
        heads,
        causal: false,
        rate,
        bias: `${own}.in_proj_bias`,
      });
      if (block === blocks - 1) {
        // From here on tokens do not meet: those that are not wanted need no more
        attended = gatherRows(tape, attended, wanted);
        x = gatherRows(tape, x, wanted);
      }
      const projected = linear(tape, trained, attended, layer(`${own}.out_proj`, d));
      x = layerNorm(tape, trained, activation(tape, projected, { rate, residual: x }), `${name}.norm1`, EPSILON);
      const inner = activation(tape, linear(tape, trained, x, layer(`${name}.linear1`, 4 * d)), { kind: "gelu", rate });
      const outer = linear(tape, trained, inner, layer(`${name}.linear2`, d));
      x = layerNorm(tape, trained, activation(tape, outer, { rate, residual: x }), `${name}.norm2`, EPSILON);
    }
    return x;
  }
}

/** The last items of each history and a hidden one after them, as rows: `length` in all at most. */
function withHidden(
  { offsets, items }: PackedSequences,
  length: number,
  rowsOf: (items: Uint32Array) => Uint32Array,
): { offsets: Uint32Array<ArrayBuffer>; rows: Uint32Array<ArrayBuffer> } {
  const extended = new Uint32Array(items.length + offsets.length - 1);
  const shifted = offsets.map((begin, at) => begin + at);
  for (let at = 0; at + 1 < offsets.length; at++) {
    extended.set(items.subarray(offsets[at], offsets[at + 1]), shifted[at]);
    extended[shifted[at + 1]! - 1] = HIDDEN_ITEM;
  }
  return lastRows({ offsets: shifted as Uint32Array<ArrayBuffer>, items: extended }, length, rowsOf);
}
