// Where a matrix in panels keeps four columns of a row: all rows of its first `panel` quads, then all rows of the next.
fn panel_place(row: u32, quad: u32, rows: u32, quads: u32, panel: u32) -> u32 {
  if (panel >= quads) { return row * quads + quad; }
  let first = quad / panel * panel;
  return rows * first + row * min(panel, quads - first) + (quad - first);
}

