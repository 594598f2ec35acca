import { rowGradient } from "../_row_gradient.as";

/** Mirrors `BLOCK_ROWS`. */
const BLOCK_ROWS: u32 = 64;

export function squaredNorm(
  gradient: usize,
  plan: usize,
  partials: usize,
  rows: u32,
  quads: u32,
  sparse: u32,
  firstPartial: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  for (let block = begin; block < end; block++) {
    let sum = f32x4.splat(0);
    const past = min(rows, (block + 1) * BLOCK_ROWS);
    for (let row = block * BLOCK_ROWS; row < past; row++) {
      for (let column: usize = 0; column < stride; column += 16) {
        const g = rowGradient(gradient, plan, sparse, rows, row, stride, column);
        sum = f32x4.add(sum, f32x4.mul(g, g));
      }
    }
    const all = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) +
      (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
    store<f32>(partials + (<usize> (firstPartial + block) << 2), all);
  }
}

export function clipFactor(
  partials: usize,
  status: usize,
  count: u32,
  clipNorm: f32,
  begin: u32,
  end: u32,
): void {
  if (begin >= end) return;
  let square: f64 = 0;
  for (let at: u32 = 0; at < count; at++) square += <f64> load<f32>(partials + (<usize> at << 2));
  const norm = <f32> sqrt<f64>(square);
  let factor: f32 = 1;
  if (!(norm - norm == 0)) factor = NaN;
  else if (norm > clipNorm) factor = clipNorm / norm;
  store<f32>(status + 8, factor);
}
