import { appendColumn } from "../../../kernels/append_column/append_column.ts";
import type { ClozeBatch } from "../../data/cloze_sampler.ts";
import type { PackedSequences } from "../../data/sequences.ts";
import type { RowRange, Tensor } from "../../device/device.ts";
import { activation } from "../../nn/activation.ts";
import { attention } from "../../nn/attention.ts";
import { catalogueSoftmax } from "../../nn/catalogue_softmax.ts";
import { embedding, type EmbeddingOptions } from "../../nn/embedding.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { layerNorm } from "../../nn/layer_norm.ts";
import { linear } from "../../nn/linear.ts";
import { type Segments, segmentsOf } from "../../nn/segments.ts";
import { type Tape, Variable } from "../../nn/tape.ts";
import type {
  BatchGradients,
  BorrowedRows,
  Network,
  NetworkWeights,
  Requests,
  Similarity,
  SimilarityRows,
} from "../network.ts";
import { SequenceNetwork } from "../sequence_network.ts";
import { checkHidden, checkSequences } from "../sequence_checks.ts";
import { itemRow, lastRows, lastTokens, plannedGradient, positionsOf } from "../sequences.ts";
import { type Bert4RecSettings, HIDDEN_ROW, LEADING_ROWS } from "./settings.ts";

/** Added to variances. */
const EPSILON = 1e-5;

/** In a history: an item that is hidden. */
export const HIDDEN_ITEM = 0xfffffffe;

/** How BERT4Rec computes: see `bert4rec`. */
export class Bert4RecNetwork extends SequenceNetwork<Bert4RecSettings> implements Network<ClozeBatch> {
  /**
   * @param weights Its weights.
   * @param settings Its settings.
   * @throws {RangeError} If the columns of a head are no multiple of 4, or there are more or fewer positions than `maxLength`.
   */
  constructor(weights: NetworkWeights, settings: Bert4RecSettings) {
    super(weights, settings, { items: "item.weight", leadingRows: LEADING_ROWS, positions: "position.weight" });
  }

  /** See {@linkcode Network.backward}. */
  backward(tape: Tape, batch: ClozeBatch): BatchGradients {
    const weights = this.weights, { maxLength } = this.settings, d = this.dimension;
    checkSequences(batch, maxLength);
    checkHidden(batch.hidden, batch.items.length);
    const inputs = this.rowsOf(batch.items);
    const labels = batch.hidden.map((place) => inputs[place]!);
    for (const place of batch.hidden) inputs[place] = HIDDEN_ROW;
    const positions = positionsOf(batch.offsets, maxLength), tokens = inputs.length;
    const rows = tape.empty([tokens, d]), positionRows = tape.empty([tokens, d]);
    const hidden = this.#encode(tape, inputs, positions, segmentsOf(tape, batch.offsets), batch.hidden, {
      table: rows,
      firstRow: 0,
      positions: positionRows,
    });
    const item = weights.table("item.weight"), table = weights.table("out.weight").tensor;
    const losses = tape.empty([labels.length]), tableGradient = tape.empty(table.shape);
    catalogueSoftmax(tape.device, {
      hidden: hidden.tensor,
      table,
      parameters: weights.parameters,
      biasOffset: weights.layout.offset("out.bias"),
      labels: tape.upload(labels),
      losses,
      hiddenGradient: tape.gradientOf(hidden).tensor,
      tableGradient,
      gradient: weights.gradient!,
    });
    tape.backward();
    return {
      losses,
      gradients: {
        "item.weight": plannedGradient(tape, inputs, item.rows, rows),
        "out.weight": tableGradient,
        "position.weight": plannedGradient(tape, positions, maxLength, positionRows),
      },
    };
  }

  /** See {@linkcode Network.items}. */
  items(): BorrowedRows {
    const weights = this.weights, { tensor: table, rows } = weights.table("out.weight");
    // The bias is one more column of the items' rows, which meets a 1 in the queries
    const tensor = weights.device.empty("f32", [rows, this.dimension + 4]);
    this.#append(table, weights.parameters, tensor);
    const items = { tensor, firstRow: LEADING_ROWS, rows: rows - LEADING_ROWS };
    return { ...items, [Symbol.dispose]: () => tensor.dispose() };
  }

  /** What the model says of a hidden item after each history: see {@linkcode Network.queries}. */
  queries(tape: Tape, { histories }: Requests): Variable {
    const { maxLength } = this.settings;
    const rowsOf = (items: Uint32Array) =>
      items.map((item) => item === HIDDEN_ITEM ? HIDDEN_ROW : itemRow(item, this.itemCount, LEADING_ROWS));
    const { offsets, rows } = withHidden(histories, maxLength, rowsOf);
    const places = lastTokens(offsets), positions = positionsOf(offsets, maxLength);
    const hidden = this.#encode(tape, rows, positions, segmentsOf(tape, offsets), places);
    const queries = tape.variable(places.length, this.dimension + 4);
    this.#append(hidden.tensor, null, queries.tensor);
    return queries;
  }

  /** Items are compared over the output table, without its bias: see {@linkcode Network.similarity}. */
  similarity(tape: Tape, items: Uint32Array, by: Similarity | null): SimilarityRows {
    const { tensor, rows } = this.weights.table("out.weight");
    const all: RowRange = { tensor, firstRow: LEADING_ROWS, rows: rows - LEADING_ROWS };
    const queries = gatherRows(tape, new Variable(tensor), this.rowsOf(items));
    return { queries, items: all, normalise: by !== "dot" };
  }

  /** Rows with one more column: of the biases, or of ones. */
  #append(input: Tensor<"f32">, biases: Tensor<"f32"> | null, output: Tensor<"f32">): void {
    const weights = this.weights;
    weights.device.launch(appendColumn, { input, column: biases, output }, {
      rows: input.shape[0],
      quads: this.dimension / 4,
      first: biases ? 4 * weights.layout.offset("out.bias") : 0,
      value: biases ? 0 : 1,
      given: biases ? 1 : 0,
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
    const weights = this.weights, d = this.dimension, { blocks, heads, dropout: rate } = this.settings;
    const layer = (name: string, outputs: number) => ({ weight: `${name}.weight`, bias: `${name}.bias`, outputs });
    const embedded = embedding(tape, weights.table("item.weight"), {
      ids: tape.upload(inputs),
      positions: { table: weights.table("position.weight"), ids: tape.upload(positions) },
      ...rows && { rows },
    });
    let x = activation(tape, layerNorm(tape, weights, embedded, "norm", EPSILON), { rate });
    for (let block = 0; block < blocks; block++) {
      const name = `encoder.layers.${block}`, own = `${name}.self_attn`;
      const qkv = linear(tape, weights, x, {
        weight: `${own}.in_proj_weight`,
        bias: `${own}.in_proj_bias`,
        outputs: 3 * d,
      });
      let attended = attention(tape, weights, qkv, segments, {
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
      const projected = linear(tape, weights, attended, { ...layer(`${own}.out_proj`, d), rate, residual: x });
      x = layerNorm(tape, weights, projected, `${name}.norm1`, EPSILON);
      const inner = activation(tape, linear(tape, weights, x, layer(`${name}.linear1`, 4 * d)), { kind: "gelu", rate });
      const outer = linear(tape, weights, inner, { ...layer(`${name}.linear2`, d), rate, residual: x });
      x = layerNorm(tape, weights, outer, `${name}.norm2`, EPSILON);
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
