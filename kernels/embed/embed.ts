/**
 * The rows of an embedding table that a batch of tokens names, with the embeddings of their positions and dropout; and
 * the gradient of each token's row. The mask of a quad is the draw at its linear index, token * quads + q, made again by
 * the gradient.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { NO_DROPOUT } from "../_dropout.ts";
import { embedGradientWgsl, embedWgsl, philoxWgsl } from "../wgsl.generated.ts";

/** The id of a token whose row is 0. */
export const NO_ROW = 0xffffffff;

/** Scalars of `embed` that make it copy rows as they are: no positions, and no dropout. */
export const GATHER = { positioned: 0, positionsOffset: 0, factor: 1, ...NO_DROPOUT } as const;

/** Quads that a thread of the cpu device takes at a time. */
const GRAIN_QUADS = 2048;

/**
 * output[t] = dropout(factor * table[ids[t]] + positions[positionIds[t]]), the positions only where `positioned = 1`; the
 * table of positions begins at quad `positionsOffset` of `positions`. The row of a token with id {@linkcode NO_ROW} is 0,
 * its position left out. With {@linkcode GATHER} it gathers rows.
 */
export const embed = defineKernel({
  name: "embed",
  bindings: {
    table: { type: "vec4f", access: "read" },
    ids: { type: "u32", access: "read" },
    positions: { type: "vec4f", access: "read" },
    positionIds: { type: "u32", access: "read" },
    output: { type: "vec4f", access: "write" },
  },
  params: {
    tokens: "u32",
    quads: "u32",
    positioned: "u32",
    positionsOffset: "u32",
    factor: "f32",
    seed: "u32",
    step: "u32",
    site: "u32",
    threshold: "u32",
    scale: "f32",
  },
  wgsl: philoxWgsl + embedWgsl,
  shape: ({ tokens, quads }) => ({
    items: tokens,
    grain: Math.ceil(GRAIN_QUADS / quads),
    workgroups: Math.ceil(tokens * quads / 256),
  }),
});

/**
 * With d = mask * scale * outputGradient[t]: tableRows[firstRow + t] = factor * d, and positionRows[t] = d where
 * `positioned = 1`. Rows of one table row are still to be summed, and those of {@linkcode NO_ROW} to be left out.
 */
export const embedGradient = defineKernel({
  name: "embedGradient",
  bindings: {
    outputGradient: { type: "vec4f", access: "read" },
    tableRows: { type: "vec4f", access: "update" },
    positionRows: { type: "vec4f", access: "update" },
  },
  params: {
    tokens: "u32",
    quads: "u32",
    firstRow: "u32",
    positioned: "u32",
    factor: "f32",
    seed: "u32",
    step: "u32",
    site: "u32",
    threshold: "u32",
    scale: "f32",
  },
  wgsl: philoxWgsl + embedGradientWgsl,
  shape: ({ tokens, quads }) => ({
    items: tokens,
    grain: Math.ceil(GRAIN_QUADS / quads),
    workgroups: Math.ceil(tokens * quads / 256),
  }),
});
