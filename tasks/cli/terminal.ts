/**
 * Columns of the terminal, asked for anew each time as it may have been resized.
 *
 * @returns Their number.
 */
export function columns(): number {
  try {
    return Deno.consoleSize().columns || 80; // 0 from a terminal that does not know
  } catch {
    return 80;
  }
}

/**
 * Writes to standard error, where progress is shown.
 *
 * @param text The text.
 */
export function write(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  } catch {
    // Whoever read the progress has gone; the work that it tells of goes on.
  }
}
