// What the update kernels share: the gradient of one row, dense or summed from the rows of a sparse one by a plan: where the
// entries of each of the `rows` rows begin in the order, where the last end, and then the order.

/** Four columns, at byte `column`, of the gradient of `row`. */
export function rowGradient(
  gradient: usize,
  plan: usize,
  sparse: u32,
  rows: u32,
  row: u32,
  stride: usize,
  column: usize,
): v128 {
  if (!sparse) return v128.load(gradient + <usize> row * stride + column);
  const order = plan + (<usize> rows << 2) + 4;
  let at = order + (<usize> load<u32>(plan + (<usize> row << 2)) << 2);
  const end = order + (<usize> load<u32>(plan + (<usize> row << 2), 4) << 2);
  let sum = f32x4.splat(0);
  for (; at < end; at += 4) sum = f32x4.add(sum, v128.load(gradient + <usize> load<u32>(at) * stride + column));
  return sum;
}

/** All ones in the lanes of `g` that are not finite. */
export function nonFinite(g: v128): v128 {
  const difference = f32x4.sub(g, g);
  return f32x4.ne(difference, difference);
}

/** Records the first step that met a value that is not finite. */
export function report(status: usize, step: u32): void {
  if (load<u32>(status) == 0) store<u32>(status, step);
}
