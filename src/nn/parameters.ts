import type { Tensor } from "../device/device.ts";
import { paddedWidth } from "../device/shape.ts";

/** Columns of the flat table that parameters are packed into. */
const WIDTH = 64;

/** Array of a model by name, as it goes into a model file. */
export interface Weight {
  /** Row-major elements. */
  readonly data: Float32Array;
  /** Lengths, outermost first. */
  readonly shape: readonly number[];
}

/** Parameters of a model by name, as they go into a model file. */
export type ModelWeights = { readonly [name: string]: Weight };

/**
 * Where the parameters of a model lie in one flat table, end to end, so that one launch updates them all. A parameter
 * begins at a multiple of four elements; kernels are told where, counted in quads.
 *
 * @example
 * ```ts
 * import { ParameterLayout } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * const weights = {
 *   weight: { data: new Float32Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] },
 *   bias: { data: new Float32Array([7, 8]), shape: [2] },
 * };
 * const layout = new ParameterLayout(weights);
 * assertEquals([layout.offset("weight"), layout.offset("bias")], [0, 2]); // in quads
 * assertEquals(layout.unpack(layout.pack(weights)), weights);
 * ```
 */
export class ParameterLayout {
  /** Rows of the flat table, each of {@linkcode ParameterLayout.columns} elements. */
  readonly rows: number;
  /** Columns of the flat table. */
  readonly columns: number = WIDTH;
  readonly #places = new Map<string, { at: number; length: number; shape: readonly number[] }>();

  /**
   * Lays parameters out in the order given.
   *
   * @param weights The parameters; only their shapes matter.
   */
  constructor(weights: ModelWeights) {
    let at = 0;
    for (const [name, { data, shape }] of Object.entries(weights)) {
      this.#places.set(name, { at, length: data.length, shape });
      at += paddedWidth(data.length);
    }
    this.rows = Math.ceil(at / WIDTH);
  }

  /**
   * Where a parameter begins.
   *
   * @param name Its name.
   * @returns Its first quad.
   */
  offset(name: string): number {
    const place = this.#places.get(name);
    if (!place) throw new TypeError(`Cannot use parameter '${name}' as the model has no such parameter`);
    return place.at / 4;
  }

  /**
   * Packs parameters.
   *
   * @param weights At least the parameters laid out.
   * @returns The elements of the flat table.
   */
  pack(weights: ModelWeights): Float32Array<ArrayBuffer> {
    const flat = new Float32Array(this.rows * WIDTH);
    for (const [name, { at }] of this.#places) flat.set(weights[name]!.data, at);
    return flat;
  }

  /**
   * The inverse of {@linkcode ParameterLayout.pack}.
   *
   * @param flat The elements of the flat table.
   * @returns The parameters.
   */
  unpack(flat: Float32Array): ModelWeights {
    return Object.fromEntries(
      Array.from(this.#places, ([name, { at, length, shape }]) => [name, { data: flat.slice(at, at + length), shape }]),
    );
  }
}

/** The flat table of parameters on a device, and their gradient. */
export interface ParameterTensors {
  /** The parameters. */
  readonly parameters: Tensor<"f32">;
  /** Their gradient, of the same layout: operations write their own parts of it. Null where nothing is trained. */
  readonly gradient: Tensor<"f32"> | null;
  /** Where each parameter lies in both. */
  readonly layout: ParameterLayout;
}
