/**
 * What the checks of kernels with dropout share: the scalars of a launch and the factors they stand for.
 *
 * @module
 */
import { Philox, Stream } from "../src/philox.ts";
import type { Draws } from "./_check.ts";

/** The scalars of dropout. */
export interface DropoutScalars {
  readonly seed: number;
  readonly step: number;
  readonly site: number;
  readonly threshold: number;
  readonly scale: number;
}

/**
 * Draws seed, step and site of a launch with dropout.
 *
 * @param draws Random numbers.
 * @param probability Share of the elements to drop; 0 for no dropout.
 * @returns The scalars.
 */
export function drawDropout(draws: Draws, probability: number): DropoutScalars {
  const seed = draws.integer(2 ** 32), step = draws.integer(2 ** 32), site = draws.integer(2 ** 32);
  return { seed, step, site, threshold: Math.floor(probability * 2 ** 32), scale: Math.fround(1 / (1 - probability)) };
}

/**
 * Factors of the elements under dropout: `scale` where the word of the draw is at least `threshold`, else 0.
 *
 * @param scalars The scalars of dropout.
 * @param row Fourth counter word of the draws.
 * @returns The factor of an element by its index, which is 4 * quad + lane.
 */
export function dropoutFactors(scalars: DropoutScalars, row = 0): (element: number) => number {
  const { seed, step, site, threshold, scale } = scalars;
  const philox = new Philox(seed, Stream.dropout);
  let drawn = -1;
  return (element) => {
    if (threshold === 0) return scale;
    const quad = Math.floor(element / 4);
    if (quad !== drawn) philox.draw(quad, step, site, row);
    drawn = quad;
    return philox.words[element % 4]! >= threshold ? scale : 0;
  };
}
