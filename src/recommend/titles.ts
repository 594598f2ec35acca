import type { ModelFile } from "../models/model_file.ts";

/**
 * Titles of items, by the name of the column: other columns say less of what an item is.
 *
 * @param columns What is known of the items, by name.
 * @returns A title for each item, or null where no column has them.
 */
export function titlesOf(columns: ModelFile["itemColumns"]): readonly (string | null)[] | null {
  const names = Object.keys(columns);
  const name = ["title", "name"].map((wanted) => names.find((name) => name.toLowerCase() === wanted)).find(Boolean);
  return name === undefined ? null : columns[name]!;
}
