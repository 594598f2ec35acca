/**
 * A word as a shell takes it.
 *
 * @param word The word.
 * @returns The word, in quotes where it needs them.
 */
export function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
