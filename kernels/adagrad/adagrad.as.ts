import { nonFinite, report, rowGradient } from "../_row_gradient.as";

export function adagrad(
  gradient: usize,
  plan: usize,
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
  direct: u32,
  step: u32,
  limit: f32,
  epsilon: f32,
  learningRate: f32,
  weightDecay: f32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  const factor = f32x4.splat(clipped ? load<f32>(status + 8) : 1);
  const most = f32x4.splat(limit), least = f32x4.splat(-limit);
  const epsilons = f32x4.splat(epsilon);
  const rates = f32x4.splat(learningRate);
  const decays = f32x4.splat(weightDecay);
  let bad = i32x4.splat(0);
  let beyond = i32x4.splat(0);
  for (let row = begin; row < end; row++) {
    const at = <usize> (firstRow + row) * stride;
    const scale = f32x4.splat(scaled ? load<f32>(scales + (<usize> (firstRow + row) << 2)) : 1);
    for (let first: u32 = 0; first < quads; first += panel) {
      const width = min(panel, quads - first);
      const packed = direction + (<usize> (stackRows * first + (firstRow + row) * width - first) << 4);
      for (let column = <usize> first << 4; column < <usize> (first + width) << 4; column += 16) {
        const p = parameter + at + column;
        let g = rowGradient(gradient, plan, sparse, rows, row, stride, column);
        bad = v128.or(bad, nonFinite(g));
        if (clipped) g = f32x4.mul(factor, g);
        if (limit != 0) g = f32x4.max(least, f32x4.min(most, g));
        g = f32x4.add(g, f32x4.mul(decays, v128.load(p)));
        const v = f32x4.add(v128.load(moment2 + at + column), f32x4.mul(g, g));
        beyond = v128.or(beyond, nonFinite(v));
        v128.store(moment2 + at + column, v);
        const d = f32x4.div(g, f32x4.add(f32x4.sqrt(v), epsilons));
        if (direct) {
          const moved = f32x4.sub(v128.load(p), f32x4.mul(rates, d));
          beyond = v128.or(beyond, nonFinite(moved));
          v128.store(p, moved);
        } else {
          v128.store(packed + column, f32x4.mul(scale, d));
        }
      }
    }
  }
  if (v128.any_true(bad)) report(status, step);
  if (v128.any_true(beyond)) report(status + 4, step);
}
