/**
 * A stand-in for `jsr:@std/text/levenshtein-distance`: see `vendor/README.md`.
 *
 * @module
 */

import { distance } from "fastest-levenshtein";

/**
 * Counts the single-character edits between two strings.
 *
 * @param str1 One string.
 * @param str2 The other string.
 * @returns The least number of insertions, deletions and substitutions.
 */
export function levenshteinDistance(str1: string, str2: string): number {
  return distance(str1, str2);
}
