/** More levels than any file of this package has. Far more would be too many to write again. */
const DEEPEST = 64;

/**
 * Reads JSON of a file that need not be trusted: as `JSON.parse`, but not of more levels than can be worked with.
 *
 * @param text The text.
 * @returns The value.
 * @throws {SyntaxError} If it is no JSON, or lists and objects are nested more than 64 deep.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "[" || character === "{") {
      if (++depth > DEEPEST) throw new SyntaxError(`Cannot read JSON as it is nested more than ${DEEPEST} levels deep`);
    } else if (character === "]" || character === "}") depth--;
    else if (character === '"') {
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
    }
  }
  return value;
}
