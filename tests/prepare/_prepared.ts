import { readDataset } from "../../src/files/read_dataset.ts";
import { prepare, type PrepareOptions } from "../../src/prepare/prepare.ts";

/** A prepared log, as tests look at it. */
export interface Look {
  /** Each user's items in their order, all splits together. */
  readonly sequences: Readonly<Record<string, string>>;
  /** What is known of the items, by id. */
  readonly items: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  /** Warnings, joined. */
  readonly warnings: string;
  /** What was made. */
  readonly prepared: Awaited<ReturnType<typeof prepare>>;
  /** Bytes of the dataset's tables. */
  readonly tables: Readonly<Record<string, Uint8Array>>;
}

/**
 * Prepares a log, without a filter unless one is asked for, and looks at it.
 *
 * @param options The log and how it is read.
 * @returns What came of it.
 */
export async function prepared(options: Omit<PrepareOptions, "out">): Promise<Look> {
  const folder = await Deno.makeTempDir();
  try {
    const out = `${folder}/out`;
    const made = await prepare({ minUser: 1, minItem: 1, ...options, out });
    const { train, valid, test, users, items, itemColumns } = await readDataset(out);
    const sequences = users.map((user, at) => {
      const own = [train, valid, test].flatMap(({ offsets, items: list }) =>
        [...list.subarray(offsets[at], offsets[at + 1])].map((item) => items[item]!)
      );
      return [user, own.join(" ")] as const;
    });
    const known = items.map((id, at) => {
      return [
        id,
        Object.fromEntries(Object.entries(itemColumns).map(([name, values]) => [name, values[at]!])),
      ] as const;
    });
    const tables = await Promise.all(["interactions", "users", "items"].map(async (name) => {
      return [name, await Deno.readFile(`${out}/${name}.parquet`)] as const;
    }));
    return {
      sequences: Object.fromEntries(sequences),
      items: Object.fromEntries(known),
      warnings: made.warnings.join("\n"),
      prepared: made,
      tables: Object.fromEntries(tables),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Titles of the items, by id.
 *
 * @param look A prepared log.
 * @param column The column of the titles.
 * @returns The titles.
 */
export function titlesIn({ items }: Look, column = "title"): Record<string, string | null> {
  return Object.fromEntries(Object.entries(items).map(([id, columns]) => [id, columns[column] ?? null]));
}
