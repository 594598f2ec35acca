/**
 * Layer normalisation (Ba et al., 2016) over the rows of a matrix, and its gradient.
 *
 * @module
 */
import { defineKernel } from "../../src/device/kernel.ts";
import { layerNormGradientWgsl, layerNormWgsl } from "../wgsl.generated.ts";

/** Quads that a thread of the cpu device takes at a time. */
const GRAIN_QUADS = 2048;

/** Rows that one workgroup of `layerNorm` takes. */
const WORKGROUP_ROWS = 16;

/**
 * output = (input - mean) / sqrt(variance + epsilon) * weight + bias, with mean and biased variance of each row. Weight
 * and bias are the quads of `parameters` from `weightOffset` and `biasOffset` on. `statistics` is written with two
 * elements per row, mean and 1 / sqrt(variance + epsilon), for the gradient.
 */
export const layerNorm = defineKernel({
  name: "layerNorm",
  bindings: {
    input: { type: "vec4f", access: "read" },
    parameters: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "write" },
    statistics: { type: "f32", access: "write" },
  },
  params: { rows: "u32", quads: "u32", weightOffset: "u32", biasOffset: "u32", epsilon: "f32" },
  wgsl: layerNormWgsl,
  shape: ({ rows, quads }) => ({
    items: rows,
    grain: Math.ceil(GRAIN_QUADS / quads),
    workgroups: Math.ceil(rows / WORKGROUP_ROWS),
  }),
});

/**
 * With g = outputGradient * weight and x the normalised input: inputGradient (+)= (g - mean(g) - x mean(g x)) /
 * sqrt(variance + epsilon), added where `accumulate = 1`. The gradients of weight and bias are the column sums of a matrix in
 * `partial`, from quad `partialOffset` on, whose row for each block of `blockRows` rows is 2 * quads wide: the sums over the
 * block of outputGradient * x, then those of outputGradient. The rest of `partial` is left alone.
 */
export const layerNormGradient = defineKernel({
  name: "layerNormGradient",
  bindings: {
    input: { type: "vec4f", access: "read" },
    parameters: { type: "vec4f", access: "read" },
    statistics: { type: "f32", access: "read" },
    outputGradient: { type: "vec4f", access: "read" },
    inputGradient: { type: "vec4f", access: "update" },
    partial: { type: "vec4f", access: "update" },
  },
  params: {
    rows: "u32",
    quads: "u32",
    weightOffset: "u32",
    partialOffset: "u32",
    blockRows: "u32",
    accumulate: "u32",
  },
  wgsl: layerNormGradientWgsl,
  shape: ({ rows, quads, blockRows }) => {
    const blocks = Math.ceil(rows / blockRows);
    return { items: blocks, grain: Math.ceil(GRAIN_QUADS / (blockRows * quads)), workgroups: blocks };
  },
});
