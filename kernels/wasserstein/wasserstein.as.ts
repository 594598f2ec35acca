import { exp4, sum4 } from "../_math.as";

const LEAST: f32 = 1e-24;
const LEAST_ROOT: f32 = 1e-12;

/** The roots of elu(x) + 1. */
function tableRoot(x: v128): v128 {
  const zero = f32x4.splat(0), above = f32x4.gt(x, zero);
  const c = v128.bitselect(f32x4.add(x, f32x4.splat(1)), exp4(f32x4.pmin(x, zero)), above);
  return root(c);
}

function root(c: v128): v128 {
  return f32x4.sqrt(f32x4.pmax(c, f32x4.splat(LEAST)));
}

function square(x: v128): v128 {
  return f32x4.mul(x, x);
}

/** Twice the derivative of a root by its covariance, which is the square of the root unless that is the least. */
function slope(r: v128): v128 {
  return v128.and(f32x4.div(f32x4.splat(1), r), f32x4.gt(r, f32x4.splat(LEAST_ROOT)));
}

/** The same by x, where the covariance is elu(x) + 1, whose derivative is 1 above 0 and elu(x) + 1 below. */
function tableSlope(x: v128, r: v128): v128 {
  const below = v128.and(r, f32x4.gt(r, f32x4.splat(LEAST_ROOT)));
  return v128.bitselect(f32x4.div(f32x4.splat(1), r), below, f32x4.gt(x, f32x4.splat(0)));
}

export function wassersteinLoss(
  hidden: usize,
  meanTable: usize,
  covTable: usize,
  ids: usize,
  hiddenGradient: usize,
  meanRows: usize,
  covRows: usize,
  losses: usize,
  samples: u32,
  quads: u32,
  firstGradient: u32,
  pvn: f32,
  begin: u32,
  end: u32,
): void {
  const row = <usize> quads << 4;
  for (let sample = begin; sample < end; sample++) {
    const id = <usize> sample << 2;
    const positive = <usize> load<u32>(ids + id) * row;
    const negative = <usize> load<u32>(ids + id + (<usize> samples << 2)) * row;
    const h = hidden + 2 * <usize> sample * row, dh = hiddenGradient + 2 * <usize> sample * row;
    const p = meanTable + positive, n = meanTable + negative, covP = covTable + positive, covN = covTable + negative;
    const positiveRow = <usize> (firstGradient + sample) * row, negativeRow = positiveRow + <usize> samples * row;
    const dp = meanRows + positiveRow, dn = meanRows + negativeRow;
    const dCovP = covRows + positiveRow, dCovN = covRows + negativeRow;
    let sa = f32x4.splat(0), sb = sa, sc = sa;
    for (let column: usize = 0; column < row; column += 16) {
      const mh = v128.load(h + column), mp = v128.load(p + column), mn = v128.load(n + column);
      const rh = root(v128.load(h + row + column));
      const rp = tableRoot(v128.load(covP + column)), rn = tableRoot(v128.load(covN + column));
      sa = f32x4.add(sa, f32x4.add(square(f32x4.sub(mh, mp)), square(f32x4.sub(rh, rp))));
      sb = f32x4.add(sb, f32x4.add(square(f32x4.sub(mh, mn)), square(f32x4.sub(rh, rn))));
      sc = f32x4.add(sc, f32x4.add(square(f32x4.sub(mp, mn)), square(f32x4.sub(rp, rn))));
      // Until the gradients come there, for which they are needed again.
      v128.store(dh + row + column, rh);
      v128.store(dCovP + column, rp);
      v128.store(dCovN + column, rn);
    }
    const a = sum4(sa), b = sum4(sb), c = sum4(sc);
    const e = Mathf.exp(-Mathf.abs(a - b));
    store<f32>(losses + id, max<f32>(a - b, 0) + Mathf.log1p(e) + pvn * max<f32>(a - c, 0));
    const slopeS = (a >= b ? <f32> 1 : e) / (<f32> 1 + e) / <f32> samples;
    const slopeV: f32 = a > c ? pvn / <f32> samples : 0;
    const s = f32x4.splat(slopeS), v = f32x4.splat(slopeV), sv = f32x4.splat(slopeS + slopeV), two = f32x4.splat(2);
    for (let column: usize = 0; column < row; column += 16) {
      const mh = v128.load(h + column), mp = v128.load(p + column), mn = v128.load(n + column);
      let hp = f32x4.mul(sv, f32x4.sub(mh, mp)), hn = f32x4.mul(s, f32x4.sub(mh, mn));
      let pn = f32x4.mul(v, f32x4.sub(mp, mn));
      v128.store(dh + column, f32x4.mul(two, f32x4.sub(hp, hn)));
      v128.store(dp + column, f32x4.mul(f32x4.splat(-2), f32x4.add(hp, pn)));
      v128.store(dn + column, f32x4.mul(two, f32x4.add(hn, pn)));
      const rh = v128.load(dh + row + column), rp = v128.load(dCovP + column), rn = v128.load(dCovN + column);
      hp = f32x4.mul(sv, f32x4.sub(rh, rp));
      hn = f32x4.mul(s, f32x4.sub(rh, rn));
      pn = f32x4.mul(v, f32x4.sub(rp, rn));
      const slopeP = tableSlope(v128.load(covP + column), rp), slopeN = tableSlope(v128.load(covN + column), rn);
      v128.store(dh + row + column, f32x4.mul(f32x4.sub(hp, hn), slope(rh)));
      v128.store(dCovP + column, f32x4.neg(f32x4.mul(f32x4.add(hp, pn), slopeP)));
      v128.store(dCovN + column, f32x4.mul(f32x4.add(hn, pn), slopeN));
    }
  }
}

export function gaussianRows(
  mean: usize,
  cov: usize,
  output: usize,
  rows: u32,
  quads: u32,
  meanOffset: u32,
  meanStride: u32,
  covOffset: u32,
  covStride: u32,
  query: u32,
  begin: u32,
  end: u32,
): void {
  const width = <usize> quads << 4;
  const factor = f32x4.splat(query ? <f32> 1 : <f32> 2);
  for (let row = begin; row < end; row++) {
    const m = mean + (<usize> (meanOffset + row * meanStride) << 4);
    const c = cov + (<usize> (covOffset + row * covStride) << 4);
    const to = output + <usize> row * (2 * width + 16);
    let sum = f32x4.splat(0);
    for (let column: usize = 0; column < width; column += 16) {
      const x = v128.load(m + column), y = v128.load(c + column);
      const r = query ? root(y) : tableRoot(y);
      v128.store(to + column, f32x4.mul(factor, x));
      v128.store(to + width + column, f32x4.mul(factor, r));
      sum = f32x4.add(sum, f32x4.add(square(x), square(r)));
    }
    const negated = -sum4(sum);
    store<f32>(to + 2 * width, query ? <f32> 1 : negated);
    store<f32>(to + 2 * width, query ? negated : <f32> 1, 4);
    store<f32>(to + 2 * width, 0, 8);
    store<f32>(to + 2 * width, 0, 12);
  }
}
