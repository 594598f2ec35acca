import { gaussianRows, wassersteinLoss } from "../../../kernels/wasserstein/wasserstein.ts";
import type { NextItemBatch } from "../../data/next_item_sampler.ts";
import type { PackedSequences } from "../../data/sequences.ts";
import type { Device } from "../../device/device.ts";
import type { Tensor } from "../../device/tensor.ts";
import { activation, type ActivationOptions } from "../../nn/activation.ts";
import { embedding } from "../../nn/embedding.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { gaussianAttention } from "../../nn/gaussian_attention.ts";
import { layerNorm } from "../../nn/layer_norm.ts";
import { linear } from "../../nn/linear.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { type Segments, segmentsOf } from "../../nn/segments.ts";
import { type Columns, Tape, type Variable } from "../../nn/tape.ts";
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
const EPSILON = 1e-12;

/** Rows of the item tables before that of item 0: the padding row, which no gradient reaches. */
const PADS = 1;

/** A Gaussian is a mean and a covariance, each with parameters of its own. */
type Part = "mean" | "cov";

/** Sizes and rates of {@linkcode Stosa}. */
export interface StosaOptions {
  /** Positions: items of a sequence at most. */
  readonly length: number;
  /** Blocks of attention and feed-forward layers. Default 1. */
  readonly blocks?: number;
  /** Heads of attention. Default 4. */
  readonly heads?: number;
  /** Probability of dropping an element of a hidden state in training. Default 0. */
  readonly dropout?: number;
  /** Probability of dropping a weight of attention in training. Default 0. */
  readonly attentionDropout?: number;
  /** Weight of the loss that keeps positives nearer to the sequence than to negatives. Default 0.005. */
  readonly pvn?: number;
  /**
   * Whether means are attended, as the paper of STOSA describes. The published code, and so the published numbers, hands
   * the mean of the embeddings on, by a misspelt name. Default false.
   */
  readonly attendedMean?: boolean;
  /** Seed of dropout, an integer in [0, 2^32). Default 0. */
  readonly seed?: number;
}

/**
 * STOSA (Fan et al., WWW 2022), as in the published SEvo runs: items and sequences are Gaussians, attention and scores are
 * by the squared Wasserstein distance, the loss is BPR on it. The tables of means and of covariances are smoothed, each
 * apart.
 */
export class Stosa extends TrainedModel<NextItemBatch> {
  readonly #options: Required<StosaOptions>;
  readonly #itemCount: number;
  readonly #dimension: number;

  /**
   * Puts the weights under training.
   *
   * @param device The device.
   * @param weights Initial weights: see {@linkcode Stosa.initialWeights}.
   * @param options Sizes and rates.
   * @param optimizer Rule, rates and graph, which has a row for padding before those of the items.
   * @throws {RangeError} If the columns of a head are no multiple of 4, or there are more or fewer positions than `length`.
   */
  constructor(device: Device, weights: ModelWeights, options: StosaOptions, { options: rule, graph }: ModelOptimizer) {
    const [rows, dimension] = weights["item_mean.weight"]!.shape as [number, number];
    const { heads = 4, attendedMean = false } = options;
    checkHeads(dimension, heads);
    checkPositions(weights, "pos_mean.weight", options.length);
    const dropped = /^mean_(value|dense|ffn1|ffn2|ffn_norm)\./;
    super(device, weights, {
      options: rule,
      groups: [
        { tables: ["item_mean.weight"], graph },
        { tables: ["item_cov.weight"], graph },
        { tables: ["pos_mean.weight", "pos_cov.weight"], graph: null },
      ],
      unused: attendedMean ? [] : Object.keys(weights).filter((name) => dropped.test(name)),
    });
    const rates = { blocks: 1, dropout: 0, attentionDropout: 0, pvn: 0.005, seed: 0 };
    this.#options = { ...rates, ...options, heads, attendedMean };
    this.#itemCount = rows - PADS;
    this.#dimension = dimension;
  }

  /**
   * Draws initial weights as the published runs did: embeddings and linear layers normal, of mean 0.01 and deviation 0.02.
   *
   * @param items Number of items.
   * @param dimension Embedding width.
   * @param length Positions.
   * @param blocks Blocks.
   * @param seed An integer in [0, 2^32).
   * @returns The weights.
   */
  static initialWeights(items: number, dimension: number, length: number, blocks: number, seed: number): ModelWeights {
    const initial = new InitialWeights(seed), mean = 0.01, deviation = 0.02;
    for (const [name, rows] of [["item", items + PADS], ["pos", length]] as const) {
      for (const part of ["mean", "cov"]) {
        initial.normal(`${name}_${part}.weight`, [rows, dimension], deviation, mean);
      }
    }
    initial.norm("norm", dimension);
    const layer = (name: string, outputs: number, inputs: number) =>
      initial.normal(`${name}.weight`, [outputs, inputs], deviation, mean).constant(`${name}.bias`, outputs, 0);
    for (let block = 0; block < blocks; block++) {
      for (const part of ["mean", "cov"]) {
        for (const role of ["query", "key", "value", "dense"]) layer(`${part}_${role}.${block}`, dimension, dimension);
        layer(`${part}_ffn1.${block}`, 4 * dimension, dimension);
        layer(`${part}_ffn2.${block}`, dimension, 4 * dimension);
        initial.norm(`${part}_ffn_norm.${block}`, dimension);
      }
      initial.norm(`attn_norm.${block}`, dimension);
    }
    return initial.done();
  }

  /** See {@linkcode Model.step}. */
  override step(batch: NextItemBatch): void {
    const { device, trained } = this, { length, seed, pvn } = this.#options, d = this.#dimension;
    checkSequences(batch, length);
    checkTargets(batch, batch.items.length);
    const rowsOf = (items: Uint32Array) => itemRows(items, this.#itemCount, PADS);
    const inputs = rowsOf(batch.items), targets = rowsOf(joined(batch.positives, batch.negatives));
    device.batch(() => {
      using tape = new Tape(device, { seed, step: trained.steps + 1 });
      const segments = segmentsOf(tape, batch.offsets), { tokens } = segments;
      const positions = positionsOf(batch.offsets, length);
      const gradients = () => ({ items: tape.empty([3 * tokens, d]), positions: tape.empty([tokens, d]) });
      const rows = { mean: gradients(), cov: gradients() }, losses = tape.empty([tokens]);
      const hidden = this.#encode(tape, inputs, positions, segments, null, rows);
      const mean = trained.table("item_mean.weight"), cov = trained.table("item_cov.weight");
      device.launch(wassersteinLoss, {
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
      trained.addLoss(losses, 1 / tokens);
      const ids = joined(inputs, targets);
      trained.step({
        "item_mean.weight": plannedGradient(tape, ids, mean.rows, rows.mean.items),
        "item_cov.weight": plannedGradient(tape, ids, cov.rows, rows.cov.items),
        "pos_mean.weight": plannedGradient(tape, positions, length, rows.mean.positions),
        "pos_cov.weight": plannedGradient(tape, positions, length, rows.cov.positions),
      });
    });
  }

  /** See {@linkcode Model.scorer}. */
  override scorer(): Scorer {
    const { device, trained } = this, quads = this.#dimension / 4;
    const mean = trained.table("item_mean.weight").tensor, cov = trained.table("item_cov.weight").tensor;
    const rows = mean.shape[0], tensor = device.empty("f32", [rows, 8 * quads + 4]);
    device.launch(gaussianRows, { mean, cov, output: tensor }, {
      rows,
      quads,
      meanOffset: 0,
      meanStride: quads,
      covOffset: 0,
      covStride: quads,
      query: 0,
    });
    const items = { tensor, firstRow: PADS, rows: rows - PADS };
    return sequenceScorer(items, (histories) => this.#queries(histories), () => tensor.dispose());
  }

  #queries(histories: PackedSequences): Queries {
    const { length } = this.#options, quads = this.#dimension / 4;
    const { offsets, rows } = lastRows(histories, length, (items) => itemRows(items, this.#itemCount, PADS));
    return queriesOf(this.device, (tape) => {
      const places = lastTokens(offsets), positions = positionsOf(offsets, length);
      const { tensor: hidden } = this.#encode(tape, rows, positions, segmentsOf(tape, offsets), places);
      const queries = tape.variable(places.length, 8 * quads + 4);
      this.device.launch(gaussianRows, { mean: hidden, cov: hidden, output: queries.tensor }, {
        rows: places.length,
        quads,
        meanOffset: 0,
        meanStride: 2 * quads,
        covOffset: quads,
        covStride: 2 * quads,
        query: 1,
      });
      return queries;
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
    const d = this.#dimension, { blocks, attendedMean, dropout: rate } = this.#options;
    const ids = tape.upload(inputs), positionIds = tape.upload(positions);
    const embedded = (part: Part, options: ActivationOptions) => {
      const own = rows && { table: rows[part].items, firstRow: 0, positions: rows[part].positions };
      const x = embedding(tape, this.trained.table(`item_${part}.weight`), {
        ids,
        positions: { table: this.trained.table(`pos_${part}.weight`), ids: positionIds },
        ...own && { rows: own },
      });
      // One normalisation for both parts; that of means runs backward after that of covariances
      const normed = layerNorm(tape, this.trained, x, "norm", EPSILON, part === "mean");
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
    const d = this.#dimension, { heads, attentionDropout: rate, attendedMean } = this.#options;
    const projected = (part: Part, x: Variable, roles: readonly string[]) => {
      const all = tape.variable(segments.tokens, 3 * d);
      roles.forEach((role, at) => {
        const name = `${part}_${role}.${block}`, into = { variable: all, first: at * d, count: d };
        linear(tape, this.trained, x, { weight: `${name}.weight`, bias: `${name}.bias`, outputs: d, into });
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
    const d = this.#dimension, { dropout: rate } = this.#options;
    const layer = (name: string, x: Variable | Columns, outputs: number) =>
      linear(tape, this.trained, x, { weight: `${name}.${block}.weight`, bias: `${name}.${block}.bias`, outputs });
    const projected = activation(tape, layer(`${part}_dense`, attended, d), { rate, residual });
    // One normalisation for both parts, as above
    const x = layerNorm(tape, this.trained, projected, `attn_norm.${block}`, EPSILON, part === "mean");
    const inner = activation(tape, layer(`${part}_ffn1`, x, 4 * d), { kind: "elu" });
    const outer = activation(tape, layer(`${part}_ffn2`, inner, d), { rate, residual: x });
    return layerNorm(tape, this.trained, outer, `${part}_ffn_norm.${block}`, EPSILON);
  }
}
