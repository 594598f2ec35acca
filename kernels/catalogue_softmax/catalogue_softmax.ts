/**
 * Softmax cross-entropy over the whole catalogue. The logit of item j for token i is hidden_i . table_j + bias_j; the loss
 * of a token is the log-sum-exp of its logits less that of its label.
 *
 * A launch takes the `tokens` rows from `firstToken` on. Logits are made tile by tile and used at once. On webgpu they are
 * made once for the normalisers and once more for the gradients. On the cpu, where a product costs more than memory,
 * `softmaxPartials` leaves their exponentials to `softmaxGradient`: the caller takes no more tokens at a time than have
 * theirs stay in the caches.
 *
 * The items are cut into chunks of `chunkItems`, each the work of one thread or workgroup, and every sum over items runs
 * over the chunks in order. The `workspace` begins with a part for each chunk: its part of the gradient of the hidden rows,
 * a row for each token of the launch, padded to a multiple of 64. Behind all parts lies what the cpu device has for each
 * chunk: 64 token rows regrouped, 64 factors, and the tiles of 64 x 64 exponentials, each with what they are above.
 *
 * The bias is a parameter of `items` elements from quad `biasOffset` on; what lies behind in its last quad is neither read
 * nor written.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import {
  logitsWgsl,
  softmaxGradientWgsl,
  softmaxNormaliserWgsl,
  softmaxPartialsWgsl,
  sumChunksWgsl,
} from "../wgsl.generated.ts";

/** Tokens and items of one tile. */
export const BLOCK = 64;

/**
 * Items of a chunk for a catalogue cut into no more than so many.
 *
 * @param items Items of the catalogue.
 * @param chunks Most chunks there may be.
 * @returns A multiple of 64, so that all tiles but the last are whole.
 */
export function chunkItemsOf(items: number, chunks: number): number {
  return Math.ceil(items / BLOCK / chunks) * BLOCK;
}

/**
 * Tokens rounded up to whole tiles.
 *
 * @param tokens Number of tokens.
 * @returns A multiple of 64.
 */
export function paddedTokens(tokens: number): number {
  return Math.ceil(tokens / BLOCK) * BLOCK;
}

/**
 * Elements of the part of a chunk in the workspace.
 *
 * @param tokens Number of tokens.
 * @param quads Quads of a row.
 * @returns The number of float32.
 */
export function partLength(tokens: number, quads: number): number {
  return paddedTokens(tokens) * quads * 4;
}

/**
 * Elements that the cpu device keeps of a chunk behind the parts in the workspace.
 *
 * @param tokens Number of tokens.
 * @param quads Quads of a row.
 * @param chunkItems Items of a chunk.
 * @returns The number of float32.
 */
export function tilesLength(tokens: number, quads: number, chunkItems: number): number {
  const tiles = paddedTokens(tokens) / BLOCK * (chunkItems / BLOCK);
  return BLOCK * quads * 4 + BLOCK + tiles * (BLOCK + 1) * BLOCK;
}

/**
 * For each chunk c and token i the maximum of its logits, partials[2 c][i], and the sum of the exponentials of what they
 * lie below it, partials[2 c + 1][i]; rows of `paddedTokens` elements.
 */
export const softmaxPartials = defineKernel({
  name: "softmaxPartials",
  bindings: {
    hidden: { type: "vec4f", access: "read" },
    table: { type: "vec4f", access: "read" },
    parameters: { type: "f32", access: "read" },
    workspace: { type: "vec4f", access: "write" },
    partials: { type: "f32", access: "write" },
  },
  params: { firstToken: "u32", tokens: "u32", quads: "u32", items: "u32", chunkItems: "u32", biasOffset: "u32" },
  wgsl: logitsWgsl + softmaxPartialsWgsl,
  shape: ({ tokens, items, chunkItems }) => {
    const chunks = Math.ceil(items / chunkItems);
    return { items: chunks, grain: 1, workgroups: chunks * Math.ceil(tokens / BLOCK) };
  },
});

/**
 * Makes the partials of `chunks` chunks into normaliser[i], the log-sum-exp of all logits of token i, and losses[i], that
 * less the logit of its label; i counts all tokens.
 */
export const softmaxNormaliser = defineKernel({
  name: "softmaxNormaliser",
  bindings: {
    hidden: { type: "vec4f", access: "read" },
    table: { type: "vec4f", access: "read" },
    parameters: { type: "f32", access: "read" },
    labels: { type: "u32", access: "read" },
    partials: { type: "f32", access: "read" },
    normaliser: { type: "f32", access: "write" },
    losses: { type: "f32", access: "write" },
  },
  params: { firstToken: "u32", tokens: "u32", quads: "u32", chunks: "u32", biasOffset: "u32" },
  wgsl: softmaxNormaliserWgsl,
  shape: ({ tokens }) => ({ items: tokens, grain: 64, workgroups: Math.ceil(tokens / 256) }),
});

/**
 * The gradient of `share` times the sum of the losses, with the `workspace` as `softmaxPartials` left it. With d_ij =
 * share (exp(logit_ij - normaliser_i) - [j = label_i]): tableGradient_j = sum_i d_ij hidden_i; that of bias_j, which goes to
 * its place in the flat `gradient`, is sum_i d_ij; and row i of the part of a chunk is its part of that of hidden_i,
 * sum_j d_ij table_j over the items of the chunk. A launch with `firstToken` > 0 adds to the gradients of table and bias.
 */
export const softmaxGradient = defineKernel({
  name: "softmaxGradient",
  bindings: {
    hidden: { type: "vec4f", access: "read" },
    table: { type: "vec4f", access: "read" },
    parameters: { type: "f32", access: "read" },
    labels: { type: "u32", access: "read" },
    normaliser: { type: "f32", access: "read" },
    workspace: { type: "vec4f", access: "update" },
    tableGradient: { type: "vec4f", access: "update" },
    gradient: { type: "f32", access: "update" },
  },
  params: {
    firstToken: "u32",
    tokens: "u32",
    quads: "u32",
    items: "u32",
    chunkItems: "u32",
    biasOffset: "u32",
    share: "f32",
  },
  wgsl: logitsWgsl + softmaxGradientWgsl,
  shape: ({ items, chunkItems }) => {
    const chunks = Math.ceil(items / chunkItems);
    return { items: chunks, grain: 1, workgroups: chunks };
  },
});

/** hiddenGradient = the sum over the chunks of what `softmaxGradient` left in their parts. */
export const sumChunks = defineKernel({
  name: "sumChunks",
  bindings: {
    workspace: { type: "vec4f", access: "read" },
    hiddenGradient: { type: "vec4f", access: "write" },
  },
  params: { firstToken: "u32", tokens: "u32", quads: "u32", chunks: "u32" },
  wgsl: sumChunksWgsl,
  shape: ({ tokens, quads }) => ({ items: tokens, grain: 32, workgroups: Math.ceil(tokens * quads / 256) }),
});
