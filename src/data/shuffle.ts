import { below, Philox, Stream } from "../philox.ts";

/**
 * Shuffles an array in place (Fisher and Yates): a function of seed and epoch alone.
 *
 * @param array What is shuffled.
 * @param seed An integer in [0, 2^32).
 * @param epoch The epoch.
 */
export function shuffle(array: Uint32Array, seed: number, epoch: number): void {
  shuffleBy(new Philox(seed, Stream.shuffle), array, epoch);
}

/**
 * Shuffles an array in place by draws of any stream (Fisher and Yates).
 *
 * @param philox The stream.
 * @param array What is shuffled.
 * @param counter Second word of the counter of each draw; the first is the place.
 * @param further Third word of the counter.
 */
export function shuffleBy(philox: Philox, array: Uint32Array, counter: number, further = 0): void {
  for (let last = array.length - 1; last > 0; last--) {
    const other = below(philox.draw(last, counter, further)[0]!, last + 1);
    [array[last], array[other]] = [array[other]!, array[last]!];
  }
}
