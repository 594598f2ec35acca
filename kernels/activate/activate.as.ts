import { erf4, exp4 } from "../_math.as";
import { dropout16, factors } from "../_philox.as";

const RELU: u32 = 1;
const GELU: u32 = 2;
const ELU: u32 = 3;
const ELU_PLUS_ONE: u32 = 4;
const ROOT: u32 = 5;

export function activate(
  input: usize,
  residual: usize,
  output: usize,
  rows: u32,
  quads: u32,
  inputOffset: u32,
  inputStride: u32,
  outputOffset: u32,
  outputStride: u32,
  kind: u32,
  added: u32,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  const scales = f32x4.splat(scale);
  for (let row = begin; row < end; row++) {
    const from = input + (<usize> (inputOffset + row * inputStride) << 4);
    const to = output + (<usize> (outputOffset + row * outputStride) << 4);
    const other = residual + (<usize> (row * quads) << 4);
    for (let quad: u32 = 0; quad < quads; quad += 4) {
      let masks = dropout16(seed, step, site, threshold, row * quads + quad, 0);
      const past = <usize> min(quad + 4, quads) << 4;
      for (let at = <usize> quad << 4; at < past; at += 16) {
        let y = f32x4.mul(activation(v128.load(from + at), kind), factors(masks, scales));
        if (added) y = f32x4.add(y, v128.load(other + at));
        v128.store(to + at, y);
        masks = i32x4.shr_u(masks, 8);
      }
    }
  }
}

export function activateGradient(
  input: usize,
  outputGradient: usize,
  inputGradient: usize,
  rows: u32,
  quads: u32,
  inputOffset: u32,
  inputStride: u32,
  outputOffset: u32,
  outputStride: u32,
  kind: u32,
  accumulate: u32,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  const scales = f32x4.splat(scale);
  for (let row = begin; row < end; row++) {
    const from = outputGradient + (<usize> (outputOffset + row * outputStride) << 4);
    const own = <usize> (inputOffset + row * inputStride) << 4, x = input + own, to = inputGradient + own;
    for (let quad: u32 = 0; quad < quads; quad += 4) {
      let masks = dropout16(seed, step, site, threshold, row * quads + quad, 0);
      const past = <usize> min(quad + 4, quads) << 4;
      for (let at = <usize> quad << 4; at < past; at += 16) {
        let d = f32x4.mul(v128.load(from + at), factors(masks, scales));
        if (kind) d = f32x4.mul(d, slope(v128.load(x + at), kind));
        if (accumulate) d = f32x4.add(d, v128.load(to + at));
        v128.store(to + at, d);
        masks = i32x4.shr_u(masks, 8);
      }
    }
  }
}

function activation(x: v128, kind: u32): v128 {
  if (kind == 0) return x;
  if (kind == RELU) return f32x4.max(x, f32x4.splat(0));
  if (kind == GELU) {
    const erf = erf4(f32x4.mul(x, f32x4.splat(0.70710678118654752)));
    return f32x4.mul(f32x4.mul(f32x4.splat(0.5), x), f32x4.add(f32x4.splat(1), erf));
  }
  const one = f32x4.splat(1);
  const positive = f32x4.gt(x, f32x4.splat(0));
  const e = exp4(x);
  if (kind == ELU) return v128.bitselect(x, f32x4.sub(e, one), positive);
  const y = v128.bitselect(f32x4.add(x, one), e, positive);
  if (kind == ELU_PLUS_ONE) return y;
  return f32x4.sqrt(f32x4.max(y, f32x4.splat(1e-24)));
}

function slope(x: v128, kind: u32): v128 {
  const one = f32x4.splat(1);
  const positive = f32x4.gt(x, f32x4.splat(0));
  if (kind == RELU) return v128.and(one, positive);
  if (kind == GELU) {
    const erf = erf4(f32x4.mul(x, f32x4.splat(0.70710678118654752)));
    const density = f32x4.mul(f32x4.splat(0.3989422804014327), exp4(f32x4.mul(f32x4.mul(x, f32x4.splat(-0.5)), x)));
    return f32x4.add(f32x4.mul(f32x4.splat(0.5), f32x4.add(one, erf)), f32x4.mul(x, density));
  }
  const e = exp4(x);
  const rise = v128.bitselect(one, e, positive);
  if (kind != ROOT) return rise;
  const shifted = v128.bitselect(f32x4.add(x, one), e, positive);
  const least = f32x4.splat(1e-24);
  const root = f32x4.sqrt(f32x4.max(shifted, least));
  return v128.and(f32x4.div(rise, f32x4.add(root, root)), f32x4.ge(shifted, least));
}
