import { defineKernel } from "../../src/device/kernel.ts";
import { adamWgsl, clipWgsl, nonFiniteWgsl, panelsWgsl, rowGradientWgsl } from "../wgsl.generated.ts";

/**
 * Adam and AdamW on `rows` rows of a stack of tables that starts at row `firstRow` of the stack.
 *
 * The moments are kept bias-corrected, as running means: m += gain1 (g - m) with gain1 = (1 - b1) / (1 - b1^t), and
 * v += gain2 (g^2 - v) likewise, which is Adam's m/(1 - b1^t) and v/(1 - b2^t). So the moment estimate correction of
 * SEvo-AdamW (Algorithm 1: an idle row keeps its corrected moments) is to leave such a row alone.
 *
 * - `sparse = 0`: `gradient` has a row per row. `sparse = 1`: the gradient of row r is the sum of the rows
 *   `order[plan[r] .. plan[r + 1]]` of `gradient`, in that order, where `order` is `plan` from `rows + 1` on.
 * - `clipped = 1` multiplies the gradient by the third word of `status`, the bits of a float: see `clipFactor`. A `limit`
 *   other than 0 brings each of its elements into [-limit, limit].
 * - `coupled = 1` adds weightDecay * parameter to the gradient (Adam); 0 shrinks the parameter apart from it (AdamW).
 * - `correct = 1` leaves the moments of rows whose whole gradient is 0.
 * - `direct = 1` applies the direction m / (sqrt(v) + epsilon) to the parameter; 0 writes it to `direction`, where a
 *   corrected idle row still has it from the step before (`refresh = 1` writes that row too). `direction` has the
 *   `stackRows` rows of the stack in panels of `panel` quads, as `propagate` reads them, and with `scaled = 1` each times
 *   its `scales`.
 *
 * A gradient that is not finite sets the first word of `status` to `step` unless it is set; a moment, a direction or a
 * moved parameter that is not finite, as follows from it or comes of large numbers, the second.
 */
export const adam = defineKernel({
  name: "adam",
  bindings: {
    gradient: { type: "vec4f", access: "read" },
    plan: { type: "u32", access: "read" },
    moment1: { type: "vec4f", access: "update" },
    moment2: { type: "vec4f", access: "update" },
    parameter: { type: "vec4f", access: "update" },
    direction: { type: "vec4f", access: "update" },
    scales: { type: "f32", access: "read" },
    status: { type: "atomic<u32>", access: "update" },
  },
  params: {
    rows: "u32",
    firstRow: "u32",
    quads: "u32",
    stackRows: "u32",
    panel: "u32",
    sparse: "u32",
    scaled: "u32",
    clipped: "u32",
    coupled: "u32",
    correct: "u32",
    refresh: "u32",
    direct: "u32",
    step: "u32",
    limit: "f32",
    gain1: "f32",
    gain2: "f32",
    epsilon: "f32",
    learningRate: "f32",
    weightDecay: "f32",
  },
  wgsl: panelsWgsl + nonFiniteWgsl + rowGradientWgsl + clipWgsl + adamWgsl,
  shape: ({ rows, quads }) => ({
    items: rows,
    grain: 512,
    workgroups: Math.ceil(rows / Math.max(1, Math.floor(256 / quads))),
  }),
});
