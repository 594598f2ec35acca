import { normals, uniforms } from "../philox.ts";
import type { ModelWeights, Weight } from "../nn/parameters.ts";

/**
 * Draws initial weights, each from a stream of its own, in the order in which they are asked for.
 *
 * @example
 * ```ts
 * import { InitialWeights } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * const draw = () => new InitialWeights(1).xavierNormal("item.weight", [10, 8]).constant("bias", 8, 0).done();
 * assertEquals(Object.keys(draw()), ["item.weight", "bias"]);
 * assertEquals(draw(), draw()); // a function of the seed
 * ```
 */
export class InitialWeights {
  /** What has been drawn so far. */
  readonly weights: Record<string, Weight> = {};
  static #drawing = true;
  static #most = Infinity;
  readonly #seed: number;
  #count = 0;

  /**
   * Runs what draws weights without drawing them, where their shapes alone are wanted.
   *
   * @param draw Draws weights.
   * @param most How many there may be: settings that nobody has checked may ask for any number. By default any.
   * @returns Weights without elements.
   * @throws {RangeError} If there are more.
   */
  static undrawn(draw: () => ModelWeights, most = Infinity): ModelWeights {
    InitialWeights.#drawing = false;
    InitialWeights.#most = most;
    try {
      return draw();
    } finally {
      InitialWeights.#drawing = true;
      InitialWeights.#most = Infinity;
    }
  }

  /**
   * Begins to draw.
   *
   * @param seed An integer in [0, 2^32).
   */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Normal values. */
  normal(name: string, shape: readonly number[], deviation: number, mean = 0): this {
    return this.#add(name, shape, (index, length) => normals(this.#seed, index, length, deviation, mean));
  }

  /** Normal values of deviation sqrt(2 / (rows + columns)) (Glorot and Bengio, 2010). */
  xavierNormal(name: string, [rows, columns]: readonly [number, number], bound = Infinity): this {
    const deviation = Math.sqrt(2 / (rows + columns));
    return this.#add(name, [rows, columns], (index, length) => {
      const drawn = normals(this.#seed, index, length, deviation);
      return bound === Infinity ? drawn : drawn.map((value) => Math.max(-bound, Math.min(bound, value)));
    });
  }

  /** Uniform values of [-bound, bound]. */
  uniform(name: string, shape: readonly number[], bound: number): this {
    return this.#add(name, shape, (index, length) => uniforms(this.#seed, index, length, bound));
  }

  /** Uniform values of bound sqrt(6 / (rows + columns)) (Glorot and Bengio, 2010). */
  xavierUniform(name: string, [rows, columns]: readonly [number, number]): this {
    return this.uniform(name, [rows, columns], Math.sqrt(6 / (rows + columns)));
  }

  /** The same value throughout. */
  constant(name: string, length: number, value: number): this {
    return this.#add(name, [length], () => new Float32Array(length).fill(value));
  }

  /** Scale and shift of a layer normalisation: `<name>.weight` of ones and `<name>.bias` of zeros. */
  norm(name: string, length: number): this {
    return this.constant(`${name}.weight`, length, 1).constant(`${name}.bias`, length, 0);
  }

  /** What has been drawn. */
  done(): ModelWeights {
    return this.weights;
  }

  #add(name: string, shape: readonly number[], draw: (index: number, length: number) => Float32Array): this {
    const index = this.#count++, length = shape.reduce((product, side) => product * side, 1);
    if (index >= InitialWeights.#most) {
      throw new RangeError(`Cannot draw weight '${name}' as there may be ${InitialWeights.#most} at most`);
    }
    const data = InitialWeights.#drawing ? draw(index, length) : new Float32Array();
    this.weights[name] = { data, shape };
    return this;
  }
}
