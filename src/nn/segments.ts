import type { Tensor } from "../device/device.ts";
import type { Tape } from "./tape.ts";

/** Pieces that the cpu device shares out among its threads. */
const PIECES = 64;

/** Sequences end to end on a device, as attention and recurrence take them. */
export interface Segments {
  /** Where each begins, and where the last ends. */
  readonly offsets: Tensor<"u32">;
  /** Number of segments. */
  readonly count: number;
  /** Number of tokens. */
  readonly tokens: number;
  /** Where the cpu device cuts the segments into pieces of about equal cost. */
  readonly cuts: Uint32Array;
}

/**
 * Uploads segments for a pass.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { segmentsOf, Tape } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const { count, tokens } = segmentsOf(tape, new Uint32Array([0, 3, 4]));
 * assertEquals([count, tokens], [2, 4]);
 * ```
 *
 * @param tape The tape.
 * @param offsets Where each begins, and where the last ends.
 * @returns The segments.
 */
export function segmentsOf(tape: Tape, offsets: Uint32Array): Segments {
  const count = offsets.length - 1, tokens = offsets[count]!;
  // Attention costs a product for each pair of a segment's tokens; 16 stands for what it costs to begin with a token
  const cost = (segment: number) => {
    const length = offsets[segment + 1]! - offsets[segment]!;
    return length * (length + 16);
  };
  let total = 0;
  for (let segment = 0; segment < count; segment++) total += cost(segment);
  const cuts = [0];
  for (let segment = 0, sum = 0; segment < count; segment++) {
    sum += cost(segment);
    if (sum * PIECES >= total * cuts.length && segment + 1 < count) cuts.push(segment + 1);
  }
  cuts.push(count);
  return { offsets: tape.upload(offsets), count, tokens, cuts: Uint32Array.from(cuts) };
}
