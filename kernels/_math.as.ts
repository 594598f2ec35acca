// Elementary functions of four floats at a time, in plain IEEE operations: the same bits on every machine.

// Constants are loaded, not written into the code: V8 would build each of them anew wherever it is used, in four
// instructions.
const EXP: usize = memory.data<f32>([
  -87.33654,
  88.37626,
  1.44269504088896341,
  // 1.5 * 2^23: what is added to round to an integer and have it in the low bits
  12582912,
  0.693359375,
  -2.12194440e-4,
  1.3814597623422742e-3,
  8.368716575205326e-3,
  4.166838899254799e-2,
  1.666652113199234e-1,
  4.999999403953552e-1,
  // Its bits are the exponent of 2^0 as well
  1,
]);
const TANH: usize = memory.data<f32>([
  -5.70498872745e-3,
  2.06390887954e-2,
  -5.37397155531e-2,
  1.33314422036e-1,
  -3.33332819422e-1,
  // The square of where the polynomial ends
  0.390625,
]);
const ERF: usize = memory.data<f32>([
  -4,
  4,
  -2.72614225801306e-10,
  2.77068142495902e-8,
  -2.10102402082508e-6,
  -5.69250639462346e-5,
  -7.34990630326855e-4,
  -2.95459980854025e-3,
  -1.60960333262415e-2,
  -1.45660718464996e-5,
  -2.13374055278905e-4,
  -1.68282697438203e-3,
  -7.37332916720468e-3,
  -1.42647390514189e-2,
]);

/**
 * exp(x), within 2 roundoffs for results that are normal numbers; 0 below them, 2.4e38 above them, NaN of NaN. The integer
 * part of x / ln 2 is rounded into the last bits of a sum, from where it is shifted into an exponent; the rest goes through
 * a polynomial.
 */
export function exp4(x: v128): v128 {
  const least = v128.load32_splat(EXP), magic = v128.load32_splat(EXP, 12), one = v128.load32_splat(EXP, 44);
  // These two keep a NaN, and are an instruction each
  const clamped = f32x4.pmin(f32x4.pmax(x, least), v128.load32_splat(EXP, 4));
  const shifted = f32x4.add(f32x4.mul(clamped, v128.load32_splat(EXP, 8)), magic);
  const n = f32x4.sub(shifted, magic);
  let r = f32x4.sub(clamped, f32x4.mul(n, v128.load32_splat(EXP, 16)));
  r = f32x4.sub(r, f32x4.mul(n, v128.load32_splat(EXP, 20)));
  let p = v128.load32_splat(EXP, 24);
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 28));
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 32));
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 36));
  p = f32x4.add(f32x4.mul(p, r), v128.load32_splat(EXP, 40));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), one);
  const power = i32x4.add(i32x4.shl(shifted, 23), one);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, least));
}

/** 1 / (1 + exp(-x)). */
export function sigmoid4(x: v128): v128 {
  const e = exp4(x);
  return f32x4.div(e, f32x4.add(v128.load32_splat(EXP, 44), e));
}

/** tanh(x): a polynomial near 0 (Cephes' tanhf), else by exp. */
export function tanh4(x: v128): v128 {
  const z = f32x4.mul(x, x), one = v128.load32_splat(EXP, 44);
  let p = f32x4.add(f32x4.mul(v128.load32_splat(TANH), z), v128.load32_splat(TANH, 4));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(TANH, 8));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(TANH, 12));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(TANH, 16));
  const near = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const far = f32x4.sub(one, f32x4.div(f32x4.add(one, one), f32x4.add(exp4(f32x4.add(x, x)), one)));
  return v128.bitselect(near, far, f32x4.lt(z, v128.load32_splat(TANH, 20)));
}

/** erf(x), within 4.2e-7: a rational approximation on [-4, 4]. */
export function erf4(x: v128): v128 {
  const t = f32x4.pmin(f32x4.pmax(x, v128.load32_splat(ERF)), v128.load32_splat(ERF, 4));
  const z = f32x4.mul(t, t);
  let p = v128.load32_splat(ERF, 8);
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(ERF, 12));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(ERF, 16));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(ERF, 20));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(ERF, 24));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(ERF, 28));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(ERF, 32));
  let q = v128.load32_splat(ERF, 36);
  q = f32x4.add(f32x4.mul(q, z), v128.load32_splat(ERF, 40));
  q = f32x4.add(f32x4.mul(q, z), v128.load32_splat(ERF, 44));
  q = f32x4.add(f32x4.mul(q, z), v128.load32_splat(ERF, 48));
  q = f32x4.add(f32x4.mul(q, z), v128.load32_splat(ERF, 52));
  return f32x4.div(f32x4.mul(t, p), q);
}

/** The sum of four lanes. */
export function sum4(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}
