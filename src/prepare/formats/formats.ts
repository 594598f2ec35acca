import { shown } from "../prepare_error.ts";
import { adjacency, sequences } from "./sequences.ts";
import { amazon } from "./amazon.ts";
import { delimited } from "./delimited.ts";
import type { Format, Sample } from "./format.ts";
import { jsonLines } from "./json_lines.ts";
import { movielens } from "./movielens.ts";
import { netflix } from "./netflix.ts";
import { parquet } from "./parquet.ts";
import { recbole } from "./recbole.ts";

/** All formats, the most particular first: the first that recognises a file reads it. */
export const FORMATS: readonly Format[] = [
  parquet,
  recbole,
  netflix,
  movielens,
  amazon,
  jsonLines,
  sequences,
  adjacency,
  delimited,
];

/** The format of a file, and what it was told by. */
export interface Recognised {
  /** The format. */
  readonly format: Format;
  /** What it was told by. */
  readonly why: string;
}

/**
 * Recognises the format of a file.
 *
 * @param sample Its beginning.
 * @returns The format, or null where it is none of them.
 */
export function recognise(sample: Sample): Recognised | null {
  for (const format of FORMATS) {
    const why = format.recognise(sample);
    if (why !== null) return { format, why };
  }
  return null;
}

/**
 * The format of a name.
 *
 * @param name The name.
 * @returns The format.
 * @throws {RangeError} If there is none of that name.
 */
export function formatOf(name: string): Format {
  const format = FORMATS.find((format) => format.name === name);
  if (format === undefined) {
    const names = FORMATS.map(({ name }) => name).join(", ");
    throw new RangeError(`Cannot prepare a log as there is no format ${shown(name)}: the formats are auto, ${names}`);
  }
  return format;
}
