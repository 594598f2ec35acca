import { nonFinite, report, rowGradient } from "../_row_gradient.as";

const LEAST_NORMAL = reinterpret<f32>(0x00800000);

export function lion(
  gradient: usize,
  plan: usize,
  moment1: usize,
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
  beta1: f32,
  gain1: f32,
  beta2: f32,
  gain2: f32,
  learningRate: f32,
  weightDecay: f32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  const factor = f32x4.splat(clipped ? load<f32>(status + 8) : 1);
  const most = f32x4.splat(limit), least = f32x4.splat(-limit);
  const betas1 = f32x4.splat(beta1), gains1 = f32x4.splat(gain1);
  const betas2 = f32x4.splat(beta2), gains2 = f32x4.splat(gain2);
  const rates = f32x4.splat(learningRate);
  const keeps = f32x4.splat(1 - learningRate * weightDecay);
  const one = f32x4.splat(1);
  const tiny = f32x4.splat(LEAST_NORMAL), below = f32x4.splat(-LEAST_NORMAL);
  let bad = i32x4.splat(0);
  let beyond = i32x4.splat(0);
  for (let row = begin; row < end; row++) {
    const at = <usize> (firstRow + row) * stride;
    const scale = f32x4.splat(scaled ? load<f32>(scales + (<usize> (firstRow + row) << 2)) : 1);
    for (let first: u32 = 0; first < quads; first += panel) {
      const width = min(panel, quads - first);
      const packed = direction + (<usize> (stackRows * first + (firstRow + row) * width - first) << 4);
      for (let column = <usize> first << 4; column < <usize> (first + width) << 4; column += 16) {
        let g = rowGradient(gradient, plan, sparse, rows, row, stride, column);
        bad = v128.or(bad, nonFinite(g));
        if (clipped) g = f32x4.mul(factor, g);
        if (limit != 0) g = f32x4.max(least, f32x4.min(most, g));
        const m = v128.load(moment1 + at + column);
        const mean = f32x4.add(f32x4.mul(betas1, m), f32x4.mul(gains1, g));
        const kept = f32x4.add(f32x4.mul(betas2, m), f32x4.mul(gains2, g));
        beyond = v128.or(beyond, nonFinite(kept));
        v128.store(moment1 + at + column, kept);
        const up = v128.and(f32x4.ge(mean, tiny), one);
        const d = f32x4.sub(up, v128.and(f32x4.le(mean, below), one));
        if (direct) {
          const p = parameter + at + column;
          const moved = f32x4.sub(f32x4.mul(keeps, v128.load(p)), f32x4.mul(rates, d));
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
