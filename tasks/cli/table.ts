/** A table that is printed row by row, as its rows come. */
export class Table {
  readonly #widths: number[];

  /**
   * Prints the head.
   *
   * @param columns Name and width of each column, as `name:12`, or `name:-12` to align its cells to the right.
   */
  constructor(columns: readonly string[]) {
    const parts = columns.map((column) => column.split(":") as [string, string]);
    this.#widths = parts.map(([name, width]) =>
      Math.sign(Number(width)) * Math.max(name.length, Math.abs(Number(width)))
    );
    this.add(parts.map(([name]) => name));
  }

  /**
   * Prints a row.
   *
   * @param cells A cell for each column.
   */
  add(cells: readonly string[]): void {
    const padded = cells.map((cell, at) => {
      const width = this.#widths[at]!;
      return width < 0 ? cell.padStart(-width) : cell.padEnd(width);
    });
    console.log(padded.join("  ").trimEnd());
  }
}
