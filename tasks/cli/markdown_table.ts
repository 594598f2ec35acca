/**
 * A table in Markdown, as `deno fmt` lays it out.
 *
 * @param head Names of the columns.
 * @param rows A cell for each column.
 * @returns The lines.
 */
export function markdownTable(head: readonly string[], rows: readonly string[][]): string[] {
  const widths = head.map((cell, column) => Math.max(3, cell.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}
