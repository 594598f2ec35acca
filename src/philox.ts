/**
 * Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a counter-based generator.
 * A draw is a pure function of a key and a counter, so there is no state to save, to share or to lose.
 *
 * @module
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** What a draw is for. Each purpose is a stream of its own under one seed. */
export const Stream = {
  init: 0,
  shuffle: 1,
  sample: 2,
  negative: 3,
  dropout: 4,
  dataset: 5,
  mask: 6,
  setting: 7,
  graph: 8,
} as const;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (cross >>> 16)) >>> 0;
}

/** Draws of one stream, addressed by a 128-bit counter given as four words. */
export class Philox {
  /** The four 32-bit words of the last {@linkcode Philox.draw}. */
  readonly words: Uint32Array<ArrayBuffer> = new Uint32Array(4);
  readonly #key0: number;
  readonly #key1: number;

  /**
   * @param seed An integer in [0, 2^32).
   * @param stream What the draws are for: see {@linkcode Stream}.
   */
  constructor(seed: number, stream: number) {
    this.#key0 = seed >>> 0;
    this.#key1 = stream >>> 0;
  }

  /**
   * Fills {@linkcode Philox.words} with the draw at a counter.
   *
   * @param c0 First counter word, the fastest-running one (an index).
   * @param c1 Second counter word (a step or epoch).
   * @param c2 Third counter word (an attempt).
   * @param c3 Fourth counter word.
   * @returns {@linkcode Philox.words}.
   */
  draw(c0: number, c1 = 0, c2 = 0, c3 = 0): Uint32Array {
    let k0 = this.#key0, k1 = this.#key1;
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(M0, c0), low0 = Math.imul(M0, c0) >>> 0;
      const high1 = multiplyHigh(M1, c2), low1 = Math.imul(M1, c2) >>> 0;
      c0 = (high1 ^ c1 ^ k0) >>> 0;
      c1 = low1;
      c2 = (high0 ^ c3 ^ k1) >>> 0;
      c3 = low0;
      k0 = (k0 + W0) >>> 0;
      k1 = (k1 + W1) >>> 0;
    }
    const words = this.words;
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
    return words;
  }
}

/**
 * Maps a 32-bit word to [0, bound) by the high half of a product. The bias is below bound / 2^32.
 *
 * @param word A uniform 32-bit word.
 * @param bound Exclusive upper bound, at most 2^32.
 * @returns An integer in [0, bound).
 */
export function below(word: number, bound: number): number {
  return Math.floor(word * bound / 0x100000000);
}

/**
 * Maps a 32-bit word to the open interval (0, 1).
 *
 * @param word A uniform 32-bit word.
 * @returns `(word + 0.5) / 2^32`.
 */
export function unit(word: number): number {
  return (word + 0.5) / 0x100000000;
}

/**
 * Standard normal draws by Box and Muller, two to a Philox word pair.
 *
 * @param seed An integer in [0, 2^32).
 * @param index Which array of the model: arrays with other indices are independent.
 * @param length Number of draws.
 * @param deviation Standard deviation.
 * @param mean Mean.
 * @returns `length` draws, a function of the arguments alone.
 */
export function normals(
  seed: number,
  index: number,
  length: number,
  deviation = 1,
  mean = 0,
): Float32Array<ArrayBuffer> {
  const philox = new Philox(seed, Stream.init);
  const out = new Float32Array(length);
  for (let at = 0; at < length; at += 4) {
    const words = philox.draw(at / 4, index);
    for (let half = 0; half < 4; half += 2) {
      const radius = Math.sqrt(-2 * Math.log(unit(words[half]!)));
      const angle = 2 * Math.PI * unit(words[half + 1]!);
      if (at + half < length) out[at + half] = mean + deviation * radius * Math.cos(angle);
      if (at + half + 1 < length) out[at + half + 1] = mean + deviation * radius * Math.sin(angle);
    }
  }
  return out;
}

/**
 * Uniform draws.
 *
 * @param seed An integer in [0, 2^32).
 * @param index Which array of the model: arrays with other indices are independent.
 * @param length Number of draws.
 * @param bound Largest magnitude.
 * @returns `length` draws in (-bound, bound), a function of the arguments alone.
 */
export function uniforms(seed: number, index: number, length: number, bound: number): Float32Array<ArrayBuffer> {
  const philox = new Philox(seed, Stream.init);
  const out = new Float32Array(length);
  for (let at = 0; at < length; at++) {
    if (at % 4 === 0) philox.draw(at / 4, index);
    out[at] = bound * (2 * unit(philox.words[at % 4]!) - 1);
  }
  return out;
}
