/** The longest name, so that a folder may be called by it and more. */
const LONGEST = 100;

/**
 * A name that may come from anywhere as one that can be shown in a terminal and be part of the name of a file: everything
 * but letters, digits, spaces and `. _ + - ( )` becomes a hyphen, and no name begins with a dot.
 *
 * @param name The name as it was found.
 * @param fallback The name where nothing of it is left.
 * @returns The name.
 */
export function datasetName(name: string, fallback: string = "dataset"): string {
  const kept = name.replace(/[^\p{L}\p{M}\p{N} ._+()-]+/gu, "-").replace(/^[ .-]+/, "");
  return [...kept].slice(0, LONGEST).join("").replace(/[ .-]+$/, "") || fallback;
}
