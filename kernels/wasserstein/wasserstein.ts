/**
 * Items and sequences as Gaussians with diagonal covariance, as in STOSA (Fan et al., WWW 2022), and the squared
 * 2-Wasserstein distance between them:
 *
 *     W(a, b) = |m_a - m_b|^2 + |sqrt(c_a) - sqrt(c_b)|^2
 *
 * The covariance of an item is elu(x) + 1 of its row x of a table; all covariances count as 1e-24 at least, and the
 * derivative of the root of one that was below that is 0.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { gaussianRowsWgsl, rootWgsl, wassersteinLossWgsl } from "../wgsl.generated.ts";

/** The least covariance. */
export const LEAST_COVARIANCE: number = Math.fround(1e-24);

/**
 * STOSA's loss, and its gradient by rows. Of token t with hidden row h (mean | covariance, 2D wide), positive item p =
 * ids[t] and negative item n = ids[samples + t], with a = W(h, p), b = W(h, n) and c = W(p, n):
 *
 *     losses[t] = softplus(a - b) + pvn max(a - c, 0)
 *
 * The gradient of the mean loss is hiddenGradient[t] for h, and for the two tables row firstGradient + t (positive) and
 * firstGradient + samples + t (negative) of `meanRows` and `covRows`; other rows of these stay.
 */
export const wassersteinLoss = defineKernel({
  name: "wassersteinLoss",
  bindings: {
    hidden: { type: "vec4f", access: "read" },
    meanTable: { type: "vec4f", access: "read" },
    covTable: { type: "vec4f", access: "read" },
    ids: { type: "u32", access: "read" },
    hiddenGradient: { type: "vec4f", access: "write" },
    meanRows: { type: "vec4f", access: "update" },
    covRows: { type: "vec4f", access: "update" },
    losses: { type: "f32", access: "write" },
  },
  params: { samples: "u32", quads: "u32", firstGradient: "u32", pvn: "f32" },
  wgsl: rootWgsl + wassersteinLossWgsl,
  shape: ({ samples }) => ({ items: samples, grain: 64, workgroups: Math.ceil(samples / 16) }),
});

/**
 * Rows of 2D + 4 elements, of which the dot product of a query's and an item's is -W. Row i of an item with mean m and
 * covariance c is 2 m | 2 sqrt(c) | -(|m|^2 + sum c) | 1 | 0 | 0, and that of a query (`query` 1) m | sqrt(c) | 1 |
 * -(|m|^2 + sum c) | 0 | 0. Row i of `mean` starts at quad meanOffset + i meanStride, and likewise of `cov`, which holds
 * table rows x for items (c = elu(x) + 1), and covariances for queries.
 */
export const gaussianRows = defineKernel({
  name: "gaussianRows",
  bindings: {
    mean: { type: "vec4f", access: "read" },
    cov: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "write" },
  },
  params: {
    rows: "u32",
    quads: "u32",
    meanOffset: "u32",
    meanStride: "u32",
    covOffset: "u32",
    covStride: "u32",
    query: "u32",
  },
  wgsl: rootWgsl + gaussianRowsWgsl,
  shape: ({ rows }) => ({ items: rows, grain: 128, workgroups: Math.ceil(rows / 16) }),
});
