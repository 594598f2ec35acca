import { gaussianRows, wassersteinLoss } from "../../../kernels/wasserstein/wasserstein.ts";
import type { NextItemBatch } from "../../data/next_item_sampler.ts";
import type { Tensor } from "../../device/device.ts";
import { activation, type ActivationOptions } from "../../nn/activation.ts";
import { embedding } from "../../nn/embedding.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { gaussianAttention } from "../../nn/gaussian_attention.ts";
import { layerNorm } from "../../nn/layer_norm.ts";
import { linear } from "../../nn/linear.ts";
import { type Segments, segmentsOf } from "../../nn/segments.ts";
import { type Columns, type Tape, Variable } from "../../nn/tape.ts";
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
import { checkSequences, checkTargets } from "../sequence_checks.ts";
import { joined, lastRows, lastTokens, plannedGradient, positionsOf } from "../sequences.ts";
import { LEADING_ROWS, type StosaSettings } from "./settings.ts";

/** Added to variances. */
const EPSILON = 1e-12;

/** A Gaussian is a mean and a covariance, each with parameters of its own. */
type Part = "mean" | "cov";

/** How STOSA computes: see `stosa`. */
export class StosaNetwork extends SequenceNetwork<StosaSettings> implements Network<NextItemBatch> {
  /**
   * @param weights Its weights.
   * @param settings Its settings.
   * @throws {RangeError} If the columns of a head are no multiple of 4, or there are more or fewer positions than `maxLength`.
   */
  constructor(weights: NetworkWeights, settings: StosaSettings) {
    super(weights, settings, { items: "item_mean.weight", leadingRows: LEADING_ROWS, positions: "pos_mean.weight" });
  }

  /** See {@linkcode Network.backward}. */
  backward(tape: Tape, batch: NextItemBatch): BatchGradients {
    const weights = this.weights, { maxLength, pvn } = this.settings, d = this.dimension;
    checkSequences(batch, maxLength);
    checkTargets(batch, batch.items.length);
    const inputs = this.rowsOf(batch.items), targets = this.rowsOf(joined(batch.positives, batch.negatives));
    const segments = segmentsOf(tape, batch.offsets), { tokens } = segments;
    const positions = positionsOf(batch.offsets, maxLength);
    const gradients = () => ({ items: tape.empty([3 * tokens, d]), positions: tape.empty([tokens, d]) });
    const rows = { mean: gradients(), cov: gradients() }, losses = tape.empty([tokens]);
    const hidden = this.#encode(tape, inputs, positions, segments, null, rows);
    const mean = weights.table("item_mean.weight"), cov = weights.table("item_cov.weight");
    tape.device.launch(wassersteinLoss, {
      hidden: hidden.tensor,
      meanTable: mean.tensor,
      covTable: cov.tensor,
      ids: tape.upload(targets),
      hiddenGradient: tape.gradientOf(hidden).tensor,
      meanRows: rows.mean.items,
      covRows: rows.cov.items,
      losses,
    }, { samples: tokens, quads: d / 4, firstGradient: tokens, pvn });
    tape.backward();
    const ids = joined(inputs, targets);
    return {
      losses,
      gradients: {
        "item_mean.weight": plannedGradient(tape, ids, mean.rows, rows.mean.items),
        "item_cov.weight": plannedGradient(tape, ids, cov.rows, rows.cov.items),
        "pos_mean.weight": plannedGradient(tape, positions, maxLength, rows.mean.positions),
        "pos_cov.weight": plannedGradient(tape, positions, maxLength, rows.cov.positions),
      },
    };
  }

  /** Gaussians as rows, whose dot product with a query is minus the distance and a constant: see {@linkcode Network.items}. */
  items(): BorrowedRows {
    const { mean, cov, rows } = this.#itemTables(), tensor = this.weights.device.empty("f32", [rows, this.#width]);
    this.#gaussianRows(mean, cov, tensor, false);
    const items = { tensor, firstRow: LEADING_ROWS, rows: rows - LEADING_ROWS };
    return { ...items, [Symbol.dispose]: () => tensor.dispose() };
  }

  /** See {@linkcode Network.queries}. */
  queries(tape: Tape, { histories }: Requests): Variable {
    const { maxLength } = this.settings;
    const { offsets, rows } = lastRows(histories, maxLength, (items) => this.rowsOf(items));
    const places = lastTokens(offsets), positions = positionsOf(offsets, maxLength);
    const { tensor: hidden } = this.#encode(tape, rows, positions, segmentsOf(tape, offsets), places);
    const queries = tape.variable(places.length, this.#width), quads = this.dimension / 4;
    this.weights.device.launch(gaussianRows, { mean: hidden, cov: hidden, output: queries.tensor }, {
      rows: places.length,
      quads,
      meanOffset: 0,
      meanStride: 2 * quads,
      covOffset: quads,
      covStride: 2 * quads,
      query: 1,
    });
    return queries;
  }

  /** By default items are compared by the distance of their Gaussians, else by their means: see {@linkcode Network.similarity}. */
  similarity(tape: Tape, items: Uint32Array, by: Similarity | null): SimilarityRows {
    const { mean, cov, rows } = this.#itemTables(), wanted = this.rowsOf(items);
    const all = { firstRow: LEADING_ROWS, rows: rows - LEADING_ROWS };
    if (by !== null) {
      const queries = gatherRows(tape, new Variable(mean), wanted);
      return { queries, items: { tensor: mean, ...all }, normalise: by === "cosine" };
    }
    const [ownMean, ownCov] = [mean, cov].map((table) => gatherRows(tape, new Variable(table), wanted));
    // A query has its covariance by itself, an item what it is made of
    const covariance = activation(tape, ownCov!, { kind: "eluPlusOne" });
    const queries = tape.variable(items.length, this.#width), gaussians = tape.variable(rows, this.#width);
    this.#gaussianRows(ownMean!.tensor, covariance.tensor, queries.tensor, true);
    this.#gaussianRows(mean, cov, gaussians.tensor, false);
    return { queries, items: { tensor: gaussians.tensor, ...all }, normalise: false };
  }

  /** Columns of a Gaussian as one row. */
  get #width(): number {
    return 2 * this.dimension + 4;
  }

  #itemTables(): { mean: Tensor<"f32">; cov: Tensor<"f32">; rows: number } {
    const { tensor: mean, rows } = this.weights.table("item_mean.weight");
    return { mean, cov: this.weights.table("item_cov.weight").tensor, rows };
  }

  #gaussianRows(mean: Tensor<"f32">, cov: Tensor<"f32">, output: Tensor<"f32">, query: boolean): void {
    const quads = this.dimension / 4;
    this.weights.device.launch(gaussianRows, { mean, cov, output }, {
      rows: output.shape[0],
      quads,
      meanOffset: 0,
      meanStride: quads,
      covOffset: 0,
      covStride: quads,
      query: query ? 1 : 0,
    });
  }

  /** Mean and covariance, side by side, of each token, or of those wanted alone. */
  #encode(
    tape: Tape,
    inputs: Uint32Array,
    positions: Uint32Array,
    segments: Segments,
    wanted: Uint32Array | null,
    rows?: { readonly [P in Part]: { readonly items: Tensor<"f32">; readonly positions: Tensor<"f32"> } },
  ): Variable {
    const d = this.dimension, { blocks, attendedMean, dropout: rate } = this.settings;
    const ids = tape.upload(inputs), positionIds = tape.upload(positions);
    const embedded = (part: Part, options: ActivationOptions) => {
      const own = rows && { table: rows[part].items, firstRow: 0, positions: rows[part].positions };
      const x = embedding(tape, this.weights.table(`item_${part}.weight`), {
        ids,
        positions: { table: this.weights.table(`pos_${part}.weight`), ids: positionIds },
        ...own && { rows: own },
      });
      // One normalisation for both parts
      const normed = layerNorm(tape, this.weights, x, "norm", EPSILON);
      return activation(tape, activation(tape, normed, { rate }), options);
    };
    const hidden = tape.variable(wanted?.length ?? segments.tokens, 2 * d);
    const meanHalf = { variable: hidden, first: 0, count: d }, covHalf = { variable: hidden, first: d, count: d };
    let mean = embedded("mean", { kind: "elu" }), cov = embedded("cov", { kind: "eluPlusOne" });
    for (let block = 0; block < blocks; block++) {
      const last = block === blocks - 1;
      const attended = this.#attend(tape, block, mean, cov, segments);
      let [m, c]: Columns[] = [{ variable: attended, first: 0, count: d }, { variable: attended, first: d, count: d }];
      if (last && wanted) {
        const gathered = gatherRows(tape, attended, wanted);
        [m, c] = [{ ...m!, variable: gathered }, { ...c!, variable: gathered }];
        mean = gatherRows(tape, mean, wanted);
        cov = gatherRows(tape, cov, wanted);
      }
      if (attendedMean) mean = this.#feedForward(tape, "mean", block, m!, mean);
      const covariance = this.#feedForward(tape, "cov", block, c!, cov);
      cov = activation(tape, covariance, { kind: "eluPlusOne", ...last && { into: covHalf } });
    }
    activation(tape, mean, { into: meanHalf });
    return hidden;
  }

  /** Means and covariances after attention, side by side. */
  #attend(tape: Tape, block: number, mean: Variable, cov: Variable, segments: Segments): Variable {
    const d = this.dimension, { heads, attentionDropout: rate, attendedMean } = this.settings;
    const projected = (part: Part, x: Variable, roles: readonly string[]) => {
      const all = tape.variable(segments.tokens, 3 * d);
      roles.forEach((role, at) => {
        const name = `${part}_${role}.${block}`, into = { variable: all, first: at * d, count: d };
        linear(tape, this.weights, x, { weight: `${name}.weight`, bias: `${name}.bias`, outputs: d, into });
      });
      return all;
    };
    const means = projected("mean", mean, attendedMean ? ["query", "key", "value"] : ["query", "key"]);
    const covariances = projected("cov", cov, ["query", "key", "value"]);
    const deviations = tape.variable(segments.tokens, 3 * d);
    for (const [kind, first, count] of [["root", 0, 2 * d], ["eluPlusOne", 2 * d, d]] as const) {
      activation(tape, { variable: covariances, first, count }, { kind, into: { variable: deviations, first, count } });
    }
    return gaussianAttention(tape, means, deviations, segments, { heads, rate, attendedMean });
  }

  /** Projection, residuals and feed-forward layers of one part after attention. */
  #feedForward(tape: Tape, part: Part, block: number, attended: Columns, residual: Variable): Variable {
    const d = this.dimension, { dropout: rate } = this.settings;
    const layer = (name: string, outputs: number) => ({
      weight: `${part}_${name}.${block}.weight`,
      bias: `${part}_${name}.${block}.bias`,
      outputs,
    });
    const projected = linear(tape, this.weights, attended, { ...layer("dense", d), rate, residual });
    // One normalisation for both parts, as above
    const x = layerNorm(tape, this.weights, projected, `attn_norm.${block}`, EPSILON);
    const inner = activation(tape, linear(tape, this.weights, x, layer("ffn1", 4 * d)), { kind: "elu" });
    const outer = linear(tape, this.weights, inner, { ...layer("ffn2", d), rate, residual: x });
    return layerNorm(tape, this.weights, outer, `${part}_ffn_norm.${block}`, EPSILON);
  }
}
