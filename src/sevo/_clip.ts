import { BLOCK_ROWS, clipFactor, squaredNorm } from "../../kernels/clip/clip.ts";
import type { Device, Tensor } from "../device/device.ts";
import type { Stack, StackTensors } from "./_stack.ts";
import type { BoundGradient } from "./gradient.ts";
import type { ResolvedOptions } from "./options.ts";

/** What clips the gradients of a step by the norm of all of them. */
export interface Clip {
  /** The norm at most. */
  readonly clipNorm: number;
  /** Sums of squares of some rows each. */
  readonly partials: Tensor<"f32">;
  /** The gradients, and where the sums of each begin. */
  readonly parts: readonly { readonly bound: BoundGradient; readonly rows: number; readonly first: number }[];
}

/**
 * Finds the memory for clipping.
 *
 * @param device The device.
 * @param options Whether gradients are clipped by their norm.
 * @param steps The stacks, and a gradient for each of their tables.
 * @param owned Takes what has to be disposed of after the step.
 * @returns What clips; null where nothing does.
 */
export function planClip(
  device: Device,
  { clipNorm }: ResolvedOptions,
  steps: readonly { readonly stack: Stack; readonly bounds: readonly BoundGradient[] }[],
  owned: DisposableStack,
): Clip | null {
  if (clipNorm === null) return null;
  let count = 0;
  const parts = steps.flatMap(({ stack, bounds }) =>
    bounds.map((bound, at) => {
      const rows = stack.rows[at]!, first = count;
      count += Math.ceil(rows / BLOCK_ROWS);
      return { bound, rows, first };
    })
  );
  return { clipNorm, partials: owned.use(device.empty("f32", [count])), parts };
}

/**
 * Launches what finds the factor of all gradients, which the update kernels then read.
 *
 * @param clip What clips.
 * @param stacks Tensors of the stacks.
 */
export function clipByNorm(clip: Clip | null, stacks: readonly StackTensors[]): void {
  if (!clip) return;
  const { clipNorm, partials, parts } = clip, { device } = partials;
  for (const { bound: { gradient, plan }, rows, first } of parts) {
    device.launch(squaredNorm, { gradient, plan, partials }, {
      rows,
      quads: gradient.stride / 4,
      sparse: plan ? 1 : 0,
      firstPartial: first,
    });
  }
  for (const status of stacks.flatMap(({ statuses }) => statuses)) {
    device.launch(clipFactor, { partials, status }, { count: partials.size, clipNorm });
  }
}
