/**
 * Conjugate gradients on every column of a matrix at once, each column with its own step sizes, which stay on the
 * device. Sums over rows run over blocks of {@linkcode BLOCK_ROWS}, then over the blocks, in an order that depends on the
 * number of rows alone.
 *
 * Every column is first scaled by a power of two to a largest element in [1, 2), so that no square leaves float32, and
 * scaled back at the end.
 *
 * Iterations are counted from 1. The word `turns` holds the iteration that some column still needs: an iteration whose
 * `turn` is above it finds nothing to do, and so do all that come after. So as many as may be needed are launched, and
 * nobody waits to hear how many were.
 *
 * @module
 */
import { defineKernel, type LaunchShape } from "../../src/device/kernel.ts";
import {
  cgDirectionWgsl,
  cgFinishWgsl,
  cgScalarsWgsl,
  cgStartWgsl,
  cgStepWgsl,
  columnDotsWgsl,
  columnMaximaWgsl,
  nonFiniteWgsl,
} from "../wgsl.generated.ts";

/** Rows that one piece of a sum over rows covers. */
export const BLOCK_ROWS = 256;

/** Rows of the scalars: residual, threshold, alpha, beta, and the factors to and from the scale of the iteration. */
export const SCALAR_ROWS = 6;

/** partials[block] = the largest magnitude in the rows of the block, column by column; above all others is NaN. */
export const columnMaxima = defineKernel({
  name: "columnMaxima",
  bindings: {
    input: { type: "vec4f", access: "read" },
    partials: { type: "vec4f", access: "write" },
  },
  params: { rows: "u32", quads: "u32" },
  wgsl: columnMaximaWgsl,
  shape: ({ rows }) => blocks(rows),
});

/** residual = direction = the input times its scale; solution = 0; partials[block] = the sum of residual^2. */
export const cgStart = defineKernel({
  name: "cgStart",
  bindings: {
    scalars: { type: "vec4f", access: "read" },
    input: { type: "vec4f", access: "read" },
    solution: { type: "vec4f", access: "write" },
    residual: { type: "vec4f", access: "write" },
    direction: { type: "vec4f", access: "write" },
    partials: { type: "vec4f", access: "write" },
  },
  params: { rows: "u32", quads: "u32" },
  wgsl: cgStartWgsl,
  shape: ({ rows }) => blocks(rows),
});

/** partials[block] = the sum over the rows of the block of left * right, column by column, if it is their `turn`. */
export const columnDots = defineKernel({
  name: "columnDots",
  bindings: {
    left: { type: "vec4f", access: "read" },
    right: { type: "vec4f", access: "read" },
    partials: { type: "vec4f", access: "write" },
    turns: { type: "u32", access: "read" },
  },
  params: { rows: "u32", quads: "u32", turn: "u32" },
  wgsl: columnDotsWgsl,
  shape: ({ rows }) => blocks(rows),
});

/** What {@linkcode cgScalars} makes of the partials. */
export const Phase = { scale: 0, start: 1, step: 2, direction: 3, check: 4 } as const;

/**
 * Reduces `partials` over its blocks to a sum and turns it into the scalars of the iteration, column by column:
 *
 * - `scale`: of the largest magnitude and not a sum, the power of two that brings it to [1, 2) (within those whose
 *   inverse is a normal number), and that inverse; where the magnitude is not finite it stands for the inverse itself
 * - `start`: residual = sum, threshold = tolerance^2 * sum; `turns` = 1 if a residual is above its threshold
 * - `step`: alpha = residual / sum, or 0 in a column that has converged or whose sum has vanished
 * - `direction`: beta = sum / residual, or 0 in a column that has converged; residual = sum; `turns` = turn + 1 if the
 *   residual is above its threshold. A residual that has run out of float32 stands at 3e38, so that no column passes for
 *   converged that was lost on the way
 * - `check`: sets `status` to `step` if it is 0 and `turns` is `turn`, one more than there were iterations
 *
 * `step` and `direction` do nothing where `turns` is below `turn`.
 */
export const cgScalars = defineKernel({
  name: "cgScalars",
  bindings: {
    partials: { type: "vec4f", access: "read" },
    scalars: { type: "vec4f", access: "update" },
    turns: { type: "atomic<u32>", access: "update" },
    status: { type: "atomic<u32>", access: "update" },
  },
  params: { blocks: "u32", quads: "u32", phase: "u32", turn: "u32", step: "u32", tolerance: "f32" },
  wgsl: cgScalarsWgsl,
  shape: ({ quads }) => ({ items: quads, grain: 4, workgroups: quads }),
});

/** If it is its `turn`: solution += alpha * direction; residual -= alpha * image; partials[block] = sum of residual^2. */
export const cgStep = defineKernel({
  name: "cgStep",
  bindings: {
    scalars: { type: "vec4f", access: "read" },
    direction: { type: "vec4f", access: "read" },
    image: { type: "vec4f", access: "read" },
    solution: { type: "vec4f", access: "update" },
    residual: { type: "vec4f", access: "update" },
    partials: { type: "vec4f", access: "write" },
    turns: { type: "u32", access: "read" },
  },
  params: { rows: "u32", quads: "u32", turn: "u32" },
  wgsl: cgStepWgsl,
  shape: ({ rows }) => blocks(rows),
});

/** If it is its `turn`: direction = residual + beta * direction. */
export const cgDirection = defineKernel({
  name: "cgDirection",
  bindings: {
    scalars: { type: "vec4f", access: "read" },
    residual: { type: "vec4f", access: "read" },
    direction: { type: "vec4f", access: "update" },
    turns: { type: "u32", access: "read" },
  },
  params: { rows: "u32", quads: "u32", turn: "u32" },
  wgsl: cgDirectionWgsl,
  shape: ({ rows, quads }) => ({ items: rows, grain: 512, workgroups: Math.ceil(rows * quads / 256) }),
});

/**
 * output = keep * output + the solution times `factor`, at the scale of the input. `keep = 0` does not read `output`. A
 * result that is not finite sets `status` to `step` unless it is set.
 */
export const cgFinish = defineKernel({
  name: "cgFinish",
  bindings: {
    scalars: { type: "vec4f", access: "read" },
    solution: { type: "vec4f", access: "read" },
    output: { type: "vec4f", access: "update" },
    status: { type: "atomic<u32>", access: "update" },
  },
  params: { rows: "u32", quads: "u32", step: "u32", keep: "f32", factor: "f32" },
  wgsl: nonFiniteWgsl + cgFinishWgsl,
  shape: ({ rows, quads }) => ({ items: rows, grain: 512, workgroups: Math.ceil(rows * quads / 256) }),
});

function blocks(rows: number): LaunchShape {
  const count = Math.ceil(rows / BLOCK_ROWS);
  return { items: count, grain: 2, workgroups: count };
}
