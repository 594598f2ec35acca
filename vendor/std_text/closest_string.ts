/**
 * A stand-in for `jsr:@std/text/closest-string`: see `vendor/README.md`.
 *
 * @module
 */

import { levenshteinDistance } from "./levenshtein_distance.ts";

/** How words are compared. */
export interface ClosestStringOptions {
  /** Whether case matters; by default it does not. */
  caseSensitive?: boolean;
  /** The distance of two words; by default {@linkcode levenshteinDistance}. */
  compareFn?: (a: string, b: string) => number;
}

/**
 * Finds the word that is most like a given one.
 *
 * @param givenWord The word.
 * @param possibleWords The words to choose from.
 * @param options How words are compared.
 * @returns The nearest of them, the first of several.
 * @throws {TypeError} If there is none to choose from.
 */
export function closestString(
  givenWord: string,
  possibleWords: ReadonlyArray<string>,
  options?: ClosestStringOptions,
): string {
  const { caseSensitive = false, compareFn = levenshteinDistance } = options ?? {};
  const fold = (word: string) => caseSensitive ? word : word.toLowerCase();
  const distances = possibleWords.map((word) => compareFn(fold(givenWord), fold(word)));
  const nearest = possibleWords[distances.indexOf(Math.min(...distances))];
  if (nearest === undefined) {
    throw new TypeError("When using closestString(), the possibleWords array must contain at least one word");
  }
  return nearest;
}
