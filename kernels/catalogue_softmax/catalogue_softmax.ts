/**
 * Softmax cross-entropy over the whole catalogue. The logit of item j for token i is hidden_i . table_j + bias_j; the loss
 * of a token is the log-sum-exp of its logits less that of its label. Logits are made tile by tile, once for the
 * normalisers and once more for the gradients, and used at once: no tokens x items matrix is ever stored.
 *
 * The items are cut into chunks of `chunkItems`, each the work of one thread or workgroup, and every sum over items runs
 * over the chunks in order. A chunk has a slot in the `workspace`: first its part of the gradient of the hidden rows, a
 * row for each token, padded to a multiple of 64 tokens; then what the cpu device makes a tile with, namely 64 token rows
 * regrouped, the tile of 64 x 64, and 64 normalisers.
 *
 * The bias is a parameter of `items` elements from quad `biasOffset` on; what lies behind in its last quad is neither read
 * nor written.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import logitsWgsl from "./_logits.wgsl" with { type: "text" };
import softmaxGradientWgsl from "./softmax_gradient.wgsl" with { type: "text" };
import softmaxNormaliserWgsl from "./softmax_normaliser.wgsl" with { type: "text" };
import softmaxPartialsWgsl from "./softmax_partials.wgsl" with { type: "text" };
import sumChunksWgsl from "./sum_chunks.wgsl" with { type: "text" };

/** Tokens and items of one tile. */
const BLOCK = 64;

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
 * Elements of the slot of a chunk in the workspace.
 *
 * @param tokens Number of tokens.
 * @param quads Quads of a row.
 * @returns The number of float32.
 */
export function slotLength(tokens: number, quads: number): number {
  return (paddedTokens(tokens) + BLOCK) * quads * 4 + BLOCK * BLOCK + BLOCK;
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
  params: { tokens: "u32", quads: "u32", items: "u32", chunkItems: "u32", biasOffset: "u32" },
  wgsl: logitsWgsl + softmaxPartialsWgsl,
  shape: ({ tokens, items, chunkItems }) => {
    const chunks = Math.ceil(items / chunkItems);
    return { items: chunks, grain: 1, workgroups: chunks * Math.ceil(tokens / BLOCK) };
  },
});

/**
 * Makes the partials of `chunks` chunks into normaliser[i], the log-sum-exp of all logits of token i, and losses[i], that
 * less the logit of its label.
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
  params: { tokens: "u32", quads: "u32", chunks: "u32", biasOffset: "u32" },
  wgsl: softmaxNormaliserWgsl,
  shape: ({ tokens }) => ({ items: tokens, grain: 64, workgroups: Math.ceil(tokens / 256) }),
});

/**
 * The gradient of the mean loss. With d_ij = (exp(logit_ij - normaliser_i) - [j = label_i]) / tokens: tableGradient_j =
 * sum_i d_ij hidden_i; that of bias_j, which goes to its place in the flat `gradient`, is sum_i d_ij; and row i of the slot
 * of a chunk is its part of that of hidden_i, sum_j d_ij table_j over the items of the chunk.
 */
export const softmaxGradient = defineKernel({
  name: "softmaxGradient",
  bindings: {
    hidden: { type: "vec4f", access: "read" },
    table: { type: "vec4f", access: "read" },
    parameters: { type: "f32", access: "read" },
    labels: { type: "u32", access: "read" },
    normaliser: { type: "f32", access: "read" },
    workspace: { type: "vec4f", access: "write" },
    tableGradient: { type: "vec4f", access: "write" },
    gradient: { type: "f32", access: "update" },
  },
  params: { tokens: "u32", quads: "u32", items: "u32", chunkItems: "u32", biasOffset: "u32" },
  wgsl: logitsWgsl + softmaxGradientWgsl,
  shape: ({ items, chunkItems }) => {
    const chunks = Math.ceil(items / chunkItems);
    return { items: chunks, grain: 1, workgroups: chunks };
  },
});

/** hiddenGradient = the sum over the chunks of what `softmaxGradient` left in their slots. */
export const sumChunks = defineKernel({
  name: "sumChunks",
  bindings: {
    workspace: { type: "vec4f", access: "read" },
    hiddenGradient: { type: "vec4f", access: "write" },
  },
  params: { tokens: "u32", quads: "u32", chunks: "u32" },
  wgsl: sumChunksWgsl,
  shape: ({ tokens, quads }) => ({ items: tokens, grain: 32, workgroups: Math.ceil(tokens * quads / 256) }),
});
