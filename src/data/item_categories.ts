/** What separates several categories in a text: the first of these that the column has anywhere. */
const SEPARATORS = ["|", ";", ","];

/** Items and their categories, one membership beside the other. */
export interface ItemCategories {
  /** Item of each membership. */
  readonly items: Uint32Array<ArrayBuffer>;
  /** Its category. */
  readonly categories: readonly string[];
}

/**
 * Reads a column of items as categories: lists, which a dataset has as JSON and which may be nested, or texts with `|`,
 * `;` or `,` between, of which the first that the column has anywhere counts. Space around a category is dropped, and so
 * are empty ones and MovieLens's `(no genres listed)`.
 *
 * @param values The column: a text for each item, or null.
 * @returns Each item with each of its categories.
 */
export function itemCategories(values: readonly (string | null)[]): ItemCategories {
  const lists = values.map((value) => value === null ? [] : listIn(value));
  const texts = values.filter((_, item) => lists[item] === null);
  const separator = SEPARATORS.find((mark) => texts.some((text) => text!.includes(mark))) ?? SEPARATORS[0]!;
  const items: number[] = [], categories: string[] = [];
  values.forEach((value, item) => {
    for (const each of lists[item] ?? value!.split(separator)) {
      const category = each.trim();
      if (category === "" || category === "(no genres listed)") continue;
      items.push(item);
      categories.push(category);
    }
  });
  return { items: Uint32Array.from(items), categories };
}

/** The elements of a list in JSON; null where a text is none. */
function listIn(text: string): string[] | null {
  if (!text.trimStart().startsWith("[")) return null;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.flat(Infinity).filter((each) => each !== null).map(String) : null;
  } catch {
    return null;
  }
}
