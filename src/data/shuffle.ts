import { below, Philox, Stream } from "../philox.ts";

/**
 * Shuffles an array in place (Fisher and Yates): a function of seed and epoch alone.
 *
 * @param array What is shuffled.
 * @param seed An integer in [0, 2^32).
 * @param epoch The epoch.
 */
export function shuffle(array: Uint32Array, seed: number, epoch: number): void {
  const philox = new Philox(seed, Stream.shuffle);
  for (let last = array.length - 1; last > 0; last--) {
    const other = below(philox.draw(last, epoch)[0]!, last + 1);
    [array[last], array[other]] = [array[other]!, array[last]!];
  }
}
