/**
 * Conjugate gradients on every column of a matrix at once, each column with its own step sizes, which stay on the
 * device. Sums over rows run over blocks of {@linkcode BLOCK_ROWS}, then over the blocks, in an order that depends on the
 * number of rows alone.
 *
 * @module
 */
import { defineKernel, type LaunchShape } from "../../src/device/kernel.ts";
import columnDotsWgsl from "./column_dots.wgsl" with { type: "text" };
import cgScalarsWgsl from "./cg_scalars.wgsl" with { type: "text" };
import cgStepWgsl from "./cg_step.wgsl" with { type: "text" };
import cgDirectionWgsl from "./cg_direction.wgsl" with { type: "text" };

/** Rows that one piece of a sum over rows covers. */
export const BLOCK_ROWS = 256;

/** partials[block] = the sum over the rows of the block of left * right, column by column. */
export const columnDots = defineKernel({
  name: "columnDots",
  bindings: {
    left: { type: "vec4f", access: "read" },
    right: { type: "vec4f", access: "read" },
    partials: { type: "vec4f", access: "write" },
  },
  params: { rows: "u32", quads: "u32" },
  wgsl: columnDotsWgsl,
  shape: ({ rows }) => blocks(rows),
});

/** What {@linkcode cgScalars} makes of the sums. */
export const Phase = { start: 0, step: 1, direction: 2, check: 3 } as const;

/**
 * Sums `partials` over its blocks and turns the sums into the scalars of the iteration, column by column:
 *
 * - `start`: residual = sum, threshold = tolerance^2 * sum
 * - `step`: alpha = residual / sum, or 0 in a column that has converged or whose sum has vanished (products of numbers
 *   near 1e-19 do), so that `check` reports it and no NaN spreads
 * - `direction`: beta = sum / residual, or 0 in a column that has converged; residual = sum
 * - `check`: sets `status` to `step` if it is 0 and the residual of some column is above its threshold
 *
 * The rows of `scalars` are residual, threshold, alpha, beta.
 */
export const cgScalars = defineKernel({
  name: "cgScalars",
  bindings: {
    partials: { type: "vec4f", access: "read" },
    scalars: { type: "vec4f", access: "update" },
    status: { type: "atomic<u32>", access: "update" },
  },
  params: { blocks: "u32", quads: "u32", phase: "u32", step: "u32", tolerance: "f32" },
  wgsl: cgScalarsWgsl,
  shape: ({ quads }) => ({ items: quads, grain: 4, workgroups: quads }),
});

/** solution += alpha * direction; residual -= alpha * image; partials[block] = the sum of residual^2. */
export const cgStep = defineKernel({
  name: "cgStep",
  bindings: {
    scalars: { type: "vec4f", access: "read" },
    direction: { type: "vec4f", access: "read" },
    image: { type: "vec4f", access: "read" },
    solution: { type: "vec4f", access: "update" },
    residual: { type: "vec4f", access: "update" },
    partials: { type: "vec4f", access: "write" },
  },
  params: { rows: "u32", quads: "u32" },
  wgsl: cgStepWgsl,
  shape: ({ rows }) => blocks(rows),
});

/** direction = residual + beta * direction. */
export const cgDirection = defineKernel({
  name: "cgDirection",
  bindings: {
    scalars: { type: "vec4f", access: "read" },
    residual: { type: "vec4f", access: "read" },
    direction: { type: "vec4f", access: "update" },
  },
  params: { rows: "u32", quads: "u32" },
  wgsl: cgDirectionWgsl,
  shape: ({ rows, quads }) => ({ items: rows, grain: 512, workgroups: Math.ceil(rows * quads / 256) }),
});

function blocks(rows: number): LaunchShape {
  const count = Math.ceil(rows / BLOCK_ROWS);
  return { items: count, grain: 2, workgroups: count };
}
