/**
 * Matrix products of linear layers, and their gradients. `m` counts rows (tokens); `n` and `k` count columns and are
 * multiples of four. A matrix begins at quad `offset` of its buffer and its rows are `stride` quads apart, so that
 * operands may be parts of larger ones.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { activationWgsl, matmulGradientWgsl, matmulWgsl, philoxWgsl, productWgsl } from "../wgsl.generated.ts";

/** Rows of an item of `matmul` on the cpu. */
const ITEM_ROWS = 12;

/** Rows of an item of `matmulGradient` on the cpu that makes the gradient of x. */
const INPUT_ROWS = 48;

/** Columns, and rows at most, that one workgroup makes of a product. */
const TILE = 64;

/** Rows that one workgroup makes of a product where there would be few workgroups else. */
const LOW_TILE = 16;

/** Rows and columns that one workgroup makes of the gradient of a weight. */
const GRADIENT_TILE = 16;

/** Rows of a slice of the gradient of a weight at least: those that a workgroup loads at a time. */
const SLICE_ROWS = 128;

/** Workgroups that a launch is to have at least where there is work for them: about as many as a large GPU has cores. */
const ENOUGH_WORKGROUPS = 128;

/**
 * c[m x n] = dropout(f(a[m x k] b[n x k]^T (+ bias[n]))) (+ addend[m x n]): b is laid out as the weight of a linear layer is.
 *
 * - `biased = 1` adds `bias` to every row; 0: it may be null.
 * - `kind` is that of {@linkcode "../activate/activate.ts".Activation}; the mask of a quad is the draw at its index, row * n / 4 + quad.
 * - `added = 1` adds `addend`, a matrix with nothing between its rows; 0: it may be null.
 */
export const matmul = defineKernel({
  name: "matmul",
  bindings: {
    a: { type: "vec4f", access: "read" },
    b: { type: "vec4f", access: "read" },
    bias: { type: "vec4f", access: "read" },
    addend: { type: "vec4f", access: "read" },
    c: { type: "vec4f", access: "update" },
  },
  params: {
    m: "u32",
    n: "u32",
    k: "u32",
    aOffset: "u32",
    aStride: "u32",
    bOffset: "u32",
    bStride: "u32",
    biasOffset: "u32",
    cOffset: "u32",
    cStride: "u32",
    biased: "u32",
    added: "u32",
    kind: "u32",
    seed: "u32",
    step: "u32",
    site: "u32",
    threshold: "u32",
    scale: "f32",
  },
  wgsl: philoxWgsl + activationWgsl + productWgsl + matmulWgsl,
  shape: ({ m, n, k }) => ({
    items: Math.ceil(m / ITEM_ROWS),
    // Four items go through the cache together
    grain: Math.max(4, Math.ceil(2 ** 15 / (n * k))),
    workgroups: productTiles(m, n),
  }),
});

/**
 * The gradients of y = x weight^T + bias, where `y` holds the gradient of y.
 *
 * - Of weight and bias: weight[n x k] = y[m x n]^T x[m x k] at quad `gradientOffset` of `gradient`, and where `biased`
 *   bias[n] = column sums of y at quad `biasOffset`. Rows are summed in so many `slices` of ceil(m / slices) each, a
 *   slice `sliceStride` quads behind the one before it; what they are to be added up to is for another launch. All of that
 *   is overwritten, and nothing else in `gradient` is touched.
 * - Of x, where `inward = 1`: xGradient[m x k] (+)= y weight, laid out as x is, added where `accumulate = 1`. The weight
 *   begins at quad `weightOffset` of `weight`. With 0, `weight` and `xGradient` may be null.
 */
export const matmulGradient = defineKernel({
  name: "matmulGradient",
  bindings: {
    y: { type: "vec4f", access: "read" },
    x: { type: "vec4f", access: "read" },
    weight: { type: "vec4f", access: "read" },
    xGradient: { type: "vec4f", access: "update" },
    gradient: { type: "vec4f", access: "update" },
  },
  params: {
    m: "u32",
    n: "u32",
    k: "u32",
    yOffset: "u32",
    yStride: "u32",
    xOffset: "u32",
    xStride: "u32",
    weightOffset: "u32",
    gradientOffset: "u32",
    biasOffset: "u32",
    biased: "u32",
    slices: "u32",
    sliceStride: "u32",
    inward: "u32",
    accumulate: "u32",
  },
  wgsl: productWgsl + matmulGradientWgsl,
  shape: ({ m, n, k, slices, inward }) => {
    const items = n / 4 * Math.ceil(k / 64);
    return {
      items: slices * items + inward * Math.ceil(m / INPUT_ROWS),
      // A piece of the weight goes through all rows: few pieces, so that they seldom come from further than the
      // second-level cache
      grain: Math.max(Math.ceil(items / 8), Math.ceil(2048 / Math.max(m, 1))),
      workgroups: slices * gradientTiles(n, k) + inward * productTiles(m, k),
    };
  },
});

/**
 * Slices of the rows that keep a large GPU busy with the gradient of a weight.
 *
 * @param m Rows.
 * @param n Columns of y.
 * @param k Columns of x.
 * @returns Slices for {@linkcode matmulGradient}, 1 at least.
 */
export function gradientSlices(m: number, n: number, k: number): number {
  const wanted = Math.ceil(ENOUGH_WORKGROUPS / gradientTiles(n, k));
  return Math.max(1, Math.min(wanted, Math.ceil(m / SLICE_ROWS)));
}

function gradientTiles(n: number, k: number): number {
  return Math.ceil(n / GRADIENT_TILE) * Math.ceil(k / GRADIENT_TILE);
}

/** As `tile_rows` in WGSL has it. */
function productTiles(rows: number, columns: number): number {
  const across = Math.ceil(columns / TILE), tiles = Math.ceil(rows / TILE) * across;
  return tiles < ENOUGH_WORKGROUPS ? Math.ceil(rows / LOW_TILE) * across : tiles;
}
