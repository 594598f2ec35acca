import { Philox, Stream } from "../../src/philox.ts";
import {
  add,
  dotOf,
  type Dropout,
  dropoutRow,
  type Floats,
  magnitudeOf,
  probabilitiesOf,
  softmaxOf,
} from "../_attention_check.ts";
import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/** Arrays and scalars of one launch of `attention`. */
export interface AttentionInput {
  /** Rows of query | key | value. */
  readonly qkv: Floats;
  /** Holds b_q | b_k | b_v from `biasOffset` quads on. */
  readonly bias: Floats;
  readonly offsets: Uint32Array;
  readonly heads: number;
  /** Elements of a row of the output. */
  readonly width: number;
  readonly causal: boolean;
  /** Length of a padded segment; 0 for no pads. */
  readonly length: number;
  /** In quads. */
  readonly biasOffset: number;
  readonly dropout: Dropout;
}

/** What `attention` writes. */
export interface AttentionExpected {
  readonly output: Expected;
  readonly normaliser: Expected;
}

/** Arrays of one launch of `attentionGradient`, besides those of the forward one. */
export interface AttentionGradientInput extends AttentionInput {
  readonly normaliser: Floats;
  readonly output: Floats;
  readonly outputGradient: Floats;
}

/** What `attentionGradient` writes. */
export interface AttentionGradientExpected {
  readonly qkvGradient: Expected;
  readonly padGradient: Expected;
}

/** One query of one head with the keys of its padded segment, pads first. */
interface Row {
  readonly segment: number;
  readonly head: number;
  readonly token: number;
  /** Pads before the first token. */
  readonly pads: number;
  readonly query: Float64Array;
  readonly keys: readonly Float64Array[];
  readonly values: readonly Float64Array[];
  readonly logits: Float64Array;
  /** How far a float32 logit may be off. */
  readonly errors: Float64Array;
  /** Factors of the probabilities under dropout. */
  readonly factors: Float64Array;
}

/** Every query of every head, with the keys that it may attend. */
function* rows(input: AttentionInput): Generator<Row> {
  const { qkv, bias, offsets, heads, width, causal, length, biasOffset, dropout } = input;
  const headWidth = width / heads, philox = new Philox(dropout.seed, Stream.dropout);
  for (let segment = 0; segment + 1 < offsets.length; segment++) {
    const first = offsets[segment]!, count = offsets[segment + 1]! - first, pads = Math.max(length - count, 0);
    for (let head = 0; head < heads; head++) {
      const part = (token: number, which: number) => {
        const at = (token * 3 + which) * width + head * headWidth;
        return Float64Array.from(qkv.subarray(at, at + headWidth));
      };
      const pad = (which: number) => {
        const at = biasOffset * 4 + which * width + head * headWidth;
        return Float64Array.from(bias.subarray(at, at + headWidth));
      };
      for (let i = 0; i < count; i++) {
        const token = first + i, positions = pads + (causal ? i + 1 : count), query = part(token, 0);
        const keys = Array.from({ length: positions }, (_, p) => p < pads ? pad(1) : part(first + p - pads, 1));
        const values = Array.from({ length: positions }, (_, p) => p < pads ? pad(2) : part(first + p - pads, 2));
        const root = 1 / Math.sqrt(headWidth);
        const logits = Float64Array.from(keys, (key) => dotOf(query, key) * root);
        const errors = Float64Array.from(keys, (key) => (headWidth + 6) * ROUNDOFF * magnitudeOf(query, key) * root);
        const factors = dropoutRow(philox, dropout, positions, token * heads + head);
        yield { segment, head, token, pads, query, keys, values, logits, errors, factors };
      }
    }
  }
}

/**
 * softmax(q . k / sqrt(w)) v, with each pad as a key and value of its own.
 *
 * Tolerance: that of the probabilities ({@linkcode softmaxOf}) and one roundoff of each term for each of the others.
 *
 * @param input Arrays and scalars.
 * @returns The output and the log-sum-exp of each row of logits.
 */
export function attentionOracle(input: AttentionInput): AttentionExpected {
  const { offsets, heads, width } = input, headWidth = width / heads, tokens = offsets.at(-1)!;
  const output = expectedZeros(tokens * width), normaliser = expectedZeros(tokens * heads);
  for (const { head, token, values, logits, errors, factors } of rows(input)) {
    const softmax = softmaxOf(logits, errors);
    add(normaliser, token * heads + head, softmax.normaliser, softmax.normaliserError);
    values.forEach((value, p) => {
      const weight = softmax.probabilities[p]! * factors[p]!;
      const error = softmax.errors[p]! + (values.length + 6) * ROUNDOFF;
      value.forEach((v, c) =>
        add(output, token * width + head * headWidth + c, weight * v, (weight * error + 2 * TINY) * Math.abs(v) + TINY)
      );
    });
  }
  return { output, normaliser };
}

/**
 * With p_ij = exp(s_ij - normaliser_i), m_ij the factor of dropout and dP_ij = m_ij dO_i . v_j:
 * dS_ij = p_ij (dP_ij - dO_i . O_i), dv_j = sum_i m_ij p_ij dO_i, dq_i = sum_j dS_ij k_j / sqrt(w) and
 * dk_j = sum_i dS_ij q_i / sqrt(w). Those of the pads go to the biases.
 *
 * Tolerance: each product rounds once, each sum once for each term, on the magnitudes of the terms.
 *
 * @param input Arrays and scalars.
 * @returns The gradients.
 */
export function attentionGradientOracle(input: AttentionGradientInput): AttentionGradientExpected {
  const { offsets, heads, width } = input, headWidth = width / heads, tokens = offsets.at(-1)!;
  const root = 1 / Math.sqrt(headWidth);
  const qkvGradient = expectedZeros(tokens * 3 * width);
  const padGradient = expectedZeros(input.length > 0 ? (offsets.length - 1) * 2 * width : 0);
  for (const row of rows(input)) {
    const { segment, head, token, pads, query, keys, values, logits, errors, factors } = row;
    const normaliser = input.normaliser[token * heads + head]!;
    const softmax = probabilitiesOf(logits, errors, normaliser);
    const at = token * width + head * headWidth;
    const dOut = Float64Array.from(input.outputGradient.subarray(at, at + headWidth));
    const out = Float64Array.from(input.output.subarray(at, at + headWidth));
    const delta = dotOf(dOut, out), deltaError = (headWidth + 2) * ROUNDOFF * magnitudeOf(dOut, out);
    // Terms of the longest sums, over keys or over queries
    const terms = Math.max(keys.length, offsets[segment + 1]! - offsets[segment]!) + 8;
    const first = offsets[segment]!;
    keys.forEach((key, p) => {
      const value = values[p]!, factor = factors[p]!, probability = softmax.probabilities[p]!;
      const dWeight = factor * dotOf(dOut, value);
      const dWeightError = factor * (headWidth + 3) * ROUNDOFF * magnitudeOf(dOut, value);
      const dLogit = probability * (dWeight - delta) * root;
      const magnitude = (Math.abs(dWeight) + Math.abs(delta)) * root, spread = probability * magnitude;
      const dLogitError = probability * (dWeightError + deltaError) * root +
        (probability * (softmax.errors[p]! + 6 * ROUNDOFF) + TINY) * magnitude + TINY;
      const keyAt = (which: 1 | 2) => (first + p - pads) * 3 * width + which * width + head * headWidth;
      const padAt = (which: 1 | 2) => (segment * 2 + which - 1) * width + head * headWidth;
      const [to, dKeyAt, dValueAt] = p < pads
        ? [padGradient, padAt(1), padAt(2)] as const
        : [qkvGradient, keyAt(1), keyAt(2)] as const;
      const weight = factor * probability;
      for (let c = 0; c < headWidth; c++) {
        const error = (x: number) => Math.abs(x) * (dLogitError + terms * ROUNDOFF * spread) + TINY;
        add(qkvGradient, token * 3 * width + head * headWidth + c, dLogit * key[c]!, error(key[c]!));
        add(to, dKeyAt + c, dLogit * query[c]!, error(query[c]!));
        const dValue = weight * dOut[c]!;
        add(to, dValueAt + c, dValue, Math.abs(dValue) * (softmax.errors[p]! + terms * ROUNDOFF) + 4 * TINY);
      }
    });
  }
  return { qkvGradient, padGradient };
}
