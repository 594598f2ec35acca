export function scatterRows(
  rows: usize,
  input: usize,
  output: usize,
  count: u32,
  quads: u32,
  outputRows: u32,
  panel: u32,
  keep: f32,
  factor: f32,
  begin: u32,
  end: u32,
): void {
  const keeps = f32x4.splat(keep), factors = f32x4.splat(factor);
  for (let at = begin; at < end; at++) {
    const row = load<u32>(rows + (<usize> at << 2));
    let from = input + (<usize> (at * quads) << 4);
    for (let first: u32 = 0; first < quads; first += panel) {
      const width = min(panel, quads - first);
      let to = output + (<usize> (outputRows * first + row * width) << 4);
      for (let quad: u32 = 0; quad < width; quad++, to += 16, from += 16) {
        let result = f32x4.splat(0);
        if (factor != 0) result = f32x4.mul(factors, v128.load(from));
        if (keep != 0) result = f32x4.add(result, f32x4.mul(keeps, v128.load(to)));
        v128.store(to, result);
      }
    }
  }
}
