/**
 * Column sums of many matrices at once: the end of reductions whose first part other kernels leave behind, a row for each
 * part.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { columnSumsWgsl } from "../wgsl.generated.ts";

/** Quads of columns that are summed together: one workgroup's, with sixteen lanes to each. */
const TILE_QUADS = 16;

/** A matrix somewhere in the input. All but `rows` count quads. */
export interface SummedMatrix {
  /** Its first quad. */
  readonly offset: number;
  /** From one row to the next. */
  readonly stride: number;
  /** Number of rows. */
  readonly rows: number;
}

/** A range of the output, and what is summed into it. */
export interface SummedRange {
  /** Its first quad. */
  readonly offset: number;
  /** Its quads: columns of each matrix. */
  readonly quads: number;
  /** Whether the sums are added to what is there. */
  readonly accumulate: boolean;
  /** The matrices; none for a sum of 0. */
  readonly matrices: readonly SummedMatrix[];
}

/** What {@linkcode columnSums} is told of its ranges. */
export interface SumsPlan {
  /**
   * Five words for each range: its first tile of 16 quads, its offset, quads, whether the sums are added to what is there, and
   * its first matrix; then the tiles and the matrices in all, in a range of their own; then offset, stride and rows of each
   * matrix.
   */
  readonly words: Uint32Array<ArrayBuffer>;
  /** Scalars of the launch. */
  readonly scalars: { readonly ranges: number; readonly tiles: number };
}

/**
 * Writes down what {@linkcode columnSums} is to do.
 *
 * @param ranges The ranges, one at least; they do not overlap.
 * @returns The plan.
 */
export function sumsPlan(ranges: readonly SummedRange[]): SumsPlan {
  const matrices = ranges.flatMap((range) => range.matrices), words: number[] = [];
  let tiles = 0, first = 0;
  for (const { offset, quads, accumulate, matrices } of ranges) {
    words.push(tiles, offset, quads, accumulate ? 1 : 0, first);
    tiles += Math.ceil(quads / TILE_QUADS);
    first += matrices.length;
  }
  words.push(tiles, 0, 0, 0, first, ...matrices.flatMap(({ offset, stride, rows }) => [offset, stride, rows]));
  return { words: Uint32Array.from(words), scalars: { ranges: ranges.length, tiles } };
}

/**
 * output[range.offset + q] (+)= the sum over the matrices of a range, and over all their rows, of
 * input[matrix.offset + row * matrix.stride + q] for q < range.quads, in an order that depends on the plan alone. `plan` and
 * the scalars are those of {@linkcode sumsPlan}. The rest of `output` is left alone.
 */
export const columnSums = defineKernel({
  name: "columnSums",
  bindings: {
    input: { type: "vec4f", access: "read" },
    plan: { type: "u32", access: "read" },
    output: { type: "vec4f", access: "update" },
  },
  params: { ranges: "u32", tiles: "u32" },
  wgsl: columnSumsWgsl,
  shape: ({ tiles }) => ({ items: tiles, grain: 4, workgroups: tiles }),
});
