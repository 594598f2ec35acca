/**
 * Where ids stand in another list of ids.
 *
 * @param ids The ids that are looked for, all different.
 * @param among Where they are looked for, all different.
 * @returns For each its place there, or -1.
 */
export function matchIds(ids: readonly string[], among: readonly string[]): Int32Array<ArrayBuffer> {
  const places = new Map(among.map((id, at) => [id, at]));
  return Int32Array.from(ids, (id) => places.get(id) ?? -1);
}

/**
 * Refuses ids of which none is known, with an example of each side: most often one side has another notation.
 *
 * @param doing What cannot be done, for the message: "Cannot DOING as".
 * @param what What the ids are of.
 * @param matches What {@linkcode matchIds} gave.
 * @param ids The ids that were looked for.
 * @param among Where they were looked for.
 * @throws {RangeError} If none of the ids is there.
 */
export function checkMatch(
  doing: string,
  what: "users" | "items",
  matches: Int32Array,
  ids: readonly string[],
  among: readonly string[],
): void {
  if (matches.some((at) => at >= 0)) return;
  const example = ([id]: readonly string[]) => id === undefined ? "none" : `'${id}'`;
  throw new RangeError(
    `Cannot ${doing} as its ${what} and those of the dataset have no id in common: ${
      example(among)
    } is one of the model, ${example(ids)} one of the dataset`,
  );
}
