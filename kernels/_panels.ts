/**
 * Matrices in panels: all rows of the first `panel` quads (of four columns), then all rows of the next, and a last panel
 * of what is left. A layer of propagation gathers rows all over a matrix; one panel of it stays in a core's cache where
 * the whole does not. With as many quads to a panel as to a row it is the row-major order.
 *
 * @module
 */

/**
 * Brings a matrix from row-major order into panels.
 *
 * @param data Rows of `quads` quads.
 * @param quads Quads of a row.
 * @param panel Quads of a panel.
 * @returns The same elements in panels; `data` itself where that is its order.
 */
export function toPanels<T extends Float32Array>(data: T, quads: number, panel: number): T {
  if (panel >= quads) return data;
  const packed = new Float32Array(data.length) as T;
  forEachRun(data.length, quads, panel, (byRow, byPanel, size) => {
    packed.set(data.subarray(byRow, byRow + size), byPanel);
  });
  return packed;
}

/**
 * The inverse of {@linkcode toPanels}.
 *
 * @param packed Elements in panels.
 * @param quads Quads of a row.
 * @param panel Quads of a panel.
 * @returns The same elements by rows; `packed` itself where that is its order.
 */
export function fromPanels<T extends Float32Array>(packed: T, quads: number, panel: number): T {
  if (panel >= quads) return packed;
  const data = new Float32Array(packed.length) as T;
  forEachRun(data.length, quads, panel, (byRow, byPanel, size) => {
    data.set(packed.subarray(byPanel, byPanel + size), byRow);
  });
  return data;
}

/** Calls back with the part of each row in each panel: where it is in either order, and its elements. */
function forEachRun(
  length: number,
  quads: number,
  panel: number,
  visit: (byRow: number, byPanel: number, size: number) => void,
): void {
  const rows = length / (4 * quads);
  for (let first = 0, byPanel = 0; first < quads; first += panel) {
    const size = 4 * Math.min(panel, quads - first);
    for (let row = 0; row < rows; row++, byPanel += size) visit(4 * (row * quads + first), byPanel, size);
  }
}
