/**
 * Matrix products of linear layers: the product itself (forward, and the gradient of the input) and the gradient of
 * weight and bias. `m` counts rows (tokens); `n` and `k` count columns and are multiples of four. A matrix begins at
 * quad `offset` of its buffer and its rows are `stride` quads apart, so that operands may be parts of larger ones.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { matmulGradientWgsl, matmulWgsl } from "../wgsl.generated.ts";

/** Rows of an item of `matmul` on the cpu. */
const ITEM_ROWS = 12;

/** Rows and columns that one workgroup of `matmul` makes. */
const TILE = 64;

/** Rows and columns that one workgroup of `matmulGradient` makes. */
const GRADIENT_TILE = 16;

/**
 * c[m x n] = a[m x k] op(b) (+ bias[n]) (+ addend[m x n]) (+ c).
 *
 * - `transposed = 1`: b is [n x k], as the weight of a linear layer is, and op(b) its transpose; 0: b is [k x n].
 * - `biased = 1` adds `bias` to every row; 0: it may be null.
 * - `added = 1` adds `addend`, a matrix with nothing between its rows; 0: it may be null.
 * - `accumulate = 1` adds to c; 0 overwrites it.
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
    transposed: "u32",
    biased: "u32",
    added: "u32",
    accumulate: "u32",
  },
  wgsl: matmulWgsl,
  shape: ({ m, n, k }) => ({
    items: Math.ceil(m / ITEM_ROWS),
    // Four items go through the cache together
    grain: Math.max(4, Math.ceil(2 ** 15 / (n * k))),
    workgroups: Math.ceil(m / TILE) * Math.ceil(n / TILE),
  }),
});

/**
 * The gradient of the weight and bias of y = x weight^T + bias, where `y` holds the gradient of y: weight[n x k] =
 * y[m x n]^T x[m x k] at quad `weightOffset` of `gradient`, and where `biased` bias[n] = column sums of y at quad
 * `biasOffset`. Both are overwritten, and nothing else in `gradient` is touched.
 */
export const matmulGradient = defineKernel({
  name: "matmulGradient",
  bindings: {
    y: { type: "vec4f", access: "read" },
    x: { type: "vec4f", access: "read" },
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
    biasOffset: "u32",
    biased: "u32",
  },
  wgsl: matmulGradientWgsl,
  shape: ({ m, n, k }) => ({
    items: n / 4 * Math.ceil(k / 64),
    // Every piece goes through all rows: few pieces, so that they seldom come from further than the second-level cache
    grain: Math.max(Math.ceil(n / 4 * Math.ceil(k / 64) / 8), Math.ceil(2048 / Math.max(m, 1))),
    workgroups: Math.ceil(n / GRADIENT_TILE) * Math.ceil(k / GRADIENT_TILE),
  }),
});
