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
  stride: u32,
  firstQuad: u32,
  quads: u32,
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
    const first = row * stride + firstQuad;
    for (let quad: u32 = 0; quad < quads; quad += 4) {
      let masks = dropout16(seed, step, site, threshold, first + quad, 0);
      let at = <usize> (first + quad) << 4;
      const past = <usize> (first + min(quad + 4, quads)) << 4;
      for (; at < past; at += 16) {
        let y = f32x4.mul(activation(v128.load(input + at), kind), factors(masks, scales));
        if (added) y = f32x4.add(y, v128.load(residual + at));
        v128.store(output + at, y);
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
  stride: u32,
  firstQuad: u32,
  quads: u32,
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
    const first = row * stride + firstQuad;
    for (let quad: u32 = 0; quad < quads; quad += 4) {
      let masks = dropout16(seed, step, site, threshold, first + quad, 0);
      let at = <usize> (first + quad) << 4;
      const past = <usize> (first + min(quad + 4, quads)) << 4;
      for (; at < past; at += 16) {
        let d = f32x4.mul(v128.load(outputGradient + at), factors(masks, scales));
        if (kind) d = f32x4.mul(d, slope(v128.load(input + at), kind));
        if (accumulate) d = f32x4.add(d, v128.load(inputGradient + at));
        v128.store(inputGradient + at, d);
        masks = i32x4.shr_u(masks, 8);
      }
    }
  }
}

// @ts-ignore: decorator

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

// @ts-ignore: decorator

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
