import type { Recommendation } from "../../src/recommend/recommender.ts";

/**
 * A list for people: rank, score, id and title of each item.
 *
 * @param list The list.
 * @returns The lines.
 */
export function listTable(list: readonly Recommendation[]): string {
  if (list.length === 0) return "  (no item is left to recommend)";
  const titled = list.some(({ title }) => title !== null);
  const rows = [
    ["rank", "score", "item", ...titled ? ["title"] : []],
    ...list.map(({ item, title, score }, at) => [`${at + 1}`, score.toFixed(4), item, ...titled ? [title ?? ""] : []]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  // Numbers stand to the right, words to the left
  const lineOf = (row: readonly string[]) =>
    row.map((text, at) => at < 2 ? text.padStart(widths[at]!) : text.padEnd(widths[at]!)).join("  ").trimEnd();
  return rows.map((row) => `  ${lineOf(row)}`).join("\n");
}
