import { nonFinite, report, rowGradient } from "../_row_gradient.as";

export function adam(
  gradient: usize,
  plan: usize,
  moment1: usize,
  moment2: usize,
  parameter: usize,
  direction: usize,
  scales: usize,
  status: usize,
  rows: u32,
  firstRow: u32,
  quads: u32,
  stackRows: u32,
  panel: u32,
  sparse: u32,
  scaled: u32,
  clipped: u32,
  coupled: u32,
  correct: u32,
  refresh: u32,
  direct: u32,
  step: u32,
  limit: f32,
  gain1: f32,
  gain2: f32,
  epsilon: f32,
  learningRate: f32,
  weightDecay: f32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  const factor = f32x4.splat(clipped ? load<f32>(status + 8) : 1);
  const most = f32x4.splat(limit), least = f32x4.splat(-limit);
  const keep: f32 = coupled ? 1 : 1 - learningRate * weightDecay;
  const keeps = f32x4.splat(keep);
  const rates = f32x4.splat(learningRate);
  const gains1 = f32x4.splat(gain1);
  const gains2 = f32x4.splat(gain2);
  const epsilons = f32x4.splat(epsilon);
  const decays = f32x4.splat(weightDecay);
  // The sum of x - x: 0 until some x is not finite, and from then on NaN. What is not finite in the gradient or in the
  // first moment is so in the direction too.
  let beyond = f32x4.splat(0);
  for (let row = begin; row < end; row++) {
    const at = <usize> (firstRow + row) * stride;
    const scale = f32x4.splat(scaled ? load<f32>(scales + (<usize> (firstRow + row) << 2)) : 1);
    const idle = correct != 0 && isIdle(gradient, plan, sparse, rows, row, stride);
    if (idle && !direct && !refresh) continue;
    for (let first: u32 = 0; first < quads; first += panel) {
      const width = min(panel, quads - first);
      const packed = direction + (<usize> (stackRows * first + (firstRow + row) * width - first) << 4);
      for (let column = <usize> first << 4; column < <usize> (first + width) << 4; column += 16) {
        let m = v128.load(moment1 + at + column);
        let v = v128.load(moment2 + at + column);
        if (!idle) {
          let g = rowGradient(gradient, plan, sparse, rows, row, stride, column);
          if (clipped) g = f32x4.mul(factor, g);
          if (limit != 0) {
            beyond = f32x4.add(beyond, f32x4.sub(g, g));
            g = f32x4.max(least, f32x4.min(most, g));
          }
          if (coupled) g = f32x4.add(g, f32x4.mul(decays, v128.load(parameter + at + column)));
          m = f32x4.add(m, f32x4.mul(gains1, f32x4.sub(g, m)));
          v = f32x4.add(v, f32x4.mul(gains2, f32x4.sub(f32x4.mul(g, g), v)));
          beyond = f32x4.add(beyond, f32x4.sub(v, v));
          v128.store(moment1 + at + column, m);
          v128.store(moment2 + at + column, v);
        }
        const d = f32x4.div(m, f32x4.add(f32x4.sqrt(v), epsilons));
        if (direct) {
          const p = parameter + at + column;
          const moved = f32x4.sub(f32x4.mul(keeps, v128.load(p)), f32x4.mul(rates, d));
          beyond = f32x4.add(beyond, f32x4.sub(moved, moved));
          v128.store(p, moved);
        } else {
          beyond = f32x4.add(beyond, f32x4.sub(d, d));
          v128.store(packed + column, f32x4.mul(scale, d));
        }
      }
    }
  }
  if (!v128.any_true(f32x4.ne(beyond, beyond))) return;
  report(status + 4, step);
  let bad = i32x4.splat(0);
  for (let row = begin; row < end; row++) {
    for (let column: usize = 0; column < stride; column += 16) {
      bad = v128.or(bad, nonFinite(rowGradient(gradient, plan, sparse, rows, row, stride, column)));
    }
  }
  if (v128.any_true(bad)) report(status, step);
}

function isIdle(gradient: usize, plan: usize, sparse: u32, rows: u32, row: u32, stride: usize): bool {
  if (sparse && load<u32>(plan + (<usize> row << 2)) == load<u32>(plan + (<usize> row << 2), 4)) return true;
  const zero = f32x4.splat(0);
  for (let column: usize = 0; column < stride; column += 16) {
    if (v128.any_true(f32x4.ne(rowGradient(gradient, plan, sparse, rows, row, stride, column), zero))) return false;
  }
  return true;
}
