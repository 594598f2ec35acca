// Tiles of four queries by four keys, for products that are used as soon as they are made.
import { dropout4 } from "./_philox.as";
import { exp4, sum4 } from "./_math.as";

// The rows of the tile that was made last: a function has one result, and every thread has globals of its own.
export let tile0: v128 = i32x4(0, 0, 0, 0);
export let tile1: v128 = i32x4(0, 0, 0, 0);
export let tile2: v128 = i32x4(0, 0, 0, 0);
export let tile3: v128 = i32x4(0, 0, 0, 0);

/** The sum of the lanes of each of four vectors. */
function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** The dot product of two rows. */
export function dot(a: usize, b: usize, bytes: usize): f32 {
  let sum = f32x4.splat(0);
  for (let c: usize = 0; c < bytes; c += 16) sum = f32x4.add(sum, f32x4.mul(v128.load(a + c), v128.load(b + c)));
  return sum4(sum);
}

/** tile_i[j] = a_i . b_j. */
export function dotTile(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  b0: usize,
  b1: usize,
  b2: usize,
  b3: usize,
  bytes: usize,
): void {
  let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00, s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  let s20 = s00, s21 = s00, s22 = s00, s23 = s00, s30 = s00, s31 = s00, s32 = s00, s33 = s00;
  for (let c: usize = 0; c < bytes; c += 16) {
    const x0 = v128.load(b0 + c), x1 = v128.load(b1 + c), x2 = v128.load(b2 + c), x3 = v128.load(b3 + c);
    let y = v128.load(a0 + c);
    s00 = f32x4.add(s00, f32x4.mul(y, x0));
    s01 = f32x4.add(s01, f32x4.mul(y, x1));
    s02 = f32x4.add(s02, f32x4.mul(y, x2));
    s03 = f32x4.add(s03, f32x4.mul(y, x3));
    y = v128.load(a1 + c);
    s10 = f32x4.add(s10, f32x4.mul(y, x0));
    s11 = f32x4.add(s11, f32x4.mul(y, x1));
    s12 = f32x4.add(s12, f32x4.mul(y, x2));
    s13 = f32x4.add(s13, f32x4.mul(y, x3));
    y = v128.load(a2 + c);
    s20 = f32x4.add(s20, f32x4.mul(y, x0));
    s21 = f32x4.add(s21, f32x4.mul(y, x1));
    s22 = f32x4.add(s22, f32x4.mul(y, x2));
    s23 = f32x4.add(s23, f32x4.mul(y, x3));
    y = v128.load(a3 + c);
    s30 = f32x4.add(s30, f32x4.mul(y, x0));
    s31 = f32x4.add(s31, f32x4.mul(y, x1));
    s32 = f32x4.add(s32, f32x4.mul(y, x2));
    s33 = f32x4.add(s33, f32x4.mul(y, x3));
  }
  tile0 = sums4(s00, s01, s02, s03);
  tile1 = sums4(s10, s11, s12, s13);
  tile2 = sums4(s20, s21, s22, s23);
  tile3 = sums4(s30, s31, s32, s33);
}

/** sum + (a - b)^2. */
function addSquare(sum: v128, a: v128, b: v128): v128 {
  const d = f32x4.sub(a, b);
  return f32x4.add(sum, f32x4.mul(d, d));
}

/** tile_i[j] = |a_i - b_j|^2. */
export function distanceTile(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  b0: usize,
  b1: usize,
  b2: usize,
  b3: usize,
  bytes: usize,
): void {
  let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00, s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  let s20 = s00, s21 = s00, s22 = s00, s23 = s00, s30 = s00, s31 = s00, s32 = s00, s33 = s00;
  for (let c: usize = 0; c < bytes; c += 16) {
    const x0 = v128.load(b0 + c), x1 = v128.load(b1 + c), x2 = v128.load(b2 + c), x3 = v128.load(b3 + c);
    let y = v128.load(a0 + c);
    s00 = addSquare(s00, y, x0);
    s01 = addSquare(s01, y, x1);
    s02 = addSquare(s02, y, x2);
    s03 = addSquare(s03, y, x3);
    y = v128.load(a1 + c);
    s10 = addSquare(s10, y, x0);
    s11 = addSquare(s11, y, x1);
    s12 = addSquare(s12, y, x2);
    s13 = addSquare(s13, y, x3);
    y = v128.load(a2 + c);
    s20 = addSquare(s20, y, x0);
    s21 = addSquare(s21, y, x1);
    s22 = addSquare(s22, y, x2);
    s23 = addSquare(s23, y, x3);
    y = v128.load(a3 + c);
    s30 = addSquare(s30, y, x0);
    s31 = addSquare(s31, y, x1);
    s32 = addSquare(s32, y, x2);
    s33 = addSquare(s33, y, x3);
  }
  tile0 = sums4(s00, s01, s02, s03);
  tile1 = sums4(s10, s11, s12, s13);
  tile2 = sums4(s20, s21, s22, s23);
  tile3 = sums4(s30, s31, s32, s33);
}

/** tile_j[i] = t_i[j]. */
export function transposeTile(t0: v128, t1: v128, t2: v128, t3: v128): void {
  const a = v128.shuffle<f32>(t0, t1, 0, 4, 1, 5), b = v128.shuffle<f32>(t0, t1, 2, 6, 3, 7);
  const c = v128.shuffle<f32>(t2, t3, 0, 4, 1, 5), d = v128.shuffle<f32>(t2, t3, 2, 6, 3, 7);
  tile0 = v128.shuffle<f32>(a, c, 0, 1, 4, 5);
  tile1 = v128.shuffle<f32>(a, c, 2, 3, 6, 7);
  tile2 = v128.shuffle<f32>(b, d, 0, 1, 4, 5);
  tile3 = v128.shuffle<f32>(b, d, 2, 3, 6, 7);
}

function splat0(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 0, 0, 0, 0);
}

function splat1(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 1, 1, 1, 1);
}

function splat2(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 2, 2, 2, 2);
}

function splat3(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 3, 3, 3, 3);
}

/**
 * to_i += the sum over j of t_i[j] from_j. Rows are taken one after the other, so that a row may stand in for one that
 * is not there, with a 0 in the tile.
 */
export function addTile(
  to0: usize,
  to1: usize,
  to2: usize,
  to3: usize,
  from0: usize,
  from1: usize,
  from2: usize,
  from3: usize,
  bytes: usize,
  t0: v128,
  t1: v128,
  t2: v128,
  t3: v128,
): void {
  const t00 = splat0(t0), t01 = splat1(t0), t02 = splat2(t0), t03 = splat3(t0);
  const t10 = splat0(t1), t11 = splat1(t1), t12 = splat2(t1), t13 = splat3(t1);
  const t20 = splat0(t2), t21 = splat1(t2), t22 = splat2(t2), t23 = splat3(t2);
  const t30 = splat0(t3), t31 = splat1(t3), t32 = splat2(t3), t33 = splat3(t3);
  for (let c: usize = 0; c < bytes; c += 16) {
    const x0 = v128.load(from0 + c), x1 = v128.load(from1 + c), x2 = v128.load(from2 + c), x3 = v128.load(from3 + c);
    let p = f32x4.add(f32x4.mul(t00, x0), f32x4.mul(t01, x1));
    let q = f32x4.add(f32x4.mul(t02, x2), f32x4.mul(t03, x3));
    v128.store(to0 + c, f32x4.add(v128.load(to0 + c), f32x4.add(p, q)));
    p = f32x4.add(f32x4.mul(t10, x0), f32x4.mul(t11, x1));
    q = f32x4.add(f32x4.mul(t12, x2), f32x4.mul(t13, x3));
    v128.store(to1 + c, f32x4.add(v128.load(to1 + c), f32x4.add(p, q)));
    p = f32x4.add(f32x4.mul(t20, x0), f32x4.mul(t21, x1));
    q = f32x4.add(f32x4.mul(t22, x2), f32x4.mul(t23, x3));
    v128.store(to2 + c, f32x4.add(v128.load(to2 + c), f32x4.add(p, q)));
    p = f32x4.add(f32x4.mul(t30, x0), f32x4.mul(t31, x1));
    q = f32x4.add(f32x4.mul(t32, x2), f32x4.mul(t33, x3));
    v128.store(to3 + c, f32x4.add(v128.load(to3 + c), f32x4.add(p, q)));
  }
}

/**
 * to_i = factor_i times the sum over j of weight_i[j] value_j, plus extra_i times the row `shared` where there is one.
 * Weights are consecutive floats, values are rows that lie `stride` bytes apart.
 */
export function combine(
  to0: usize,
  to1: usize,
  to2: usize,
  to3: usize,
  weight0: usize,
  weight1: usize,
  weight2: usize,
  weight3: usize,
  count: usize,
  values: usize,
  stride: usize,
  bytes: usize,
  factors: v128,
  shared: usize,
  extras: v128,
): void {
  const weightBytes = count << 2;
  let c: usize = 0;
  for (; c + 64 <= bytes; c += 64) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    let c0 = a0, c1 = a0, c2 = a0, c3 = a0, d0 = a0, d1 = a0, d2 = a0, d3 = a0;
    let value = values + c;
    for (let j: usize = 0; j < weightBytes; j += 4, value += stride) {
      const x0 = v128.load(value), x1 = v128.load(value, 16), x2 = v128.load(value, 32), x3 = v128.load(value, 48);
      let w = v128.load32_splat(weight0 + j);
      a0 = f32x4.add(a0, f32x4.mul(w, x0));
      a1 = f32x4.add(a1, f32x4.mul(w, x1));
      a2 = f32x4.add(a2, f32x4.mul(w, x2));
      a3 = f32x4.add(a3, f32x4.mul(w, x3));
      w = v128.load32_splat(weight1 + j);
      b0 = f32x4.add(b0, f32x4.mul(w, x0));
      b1 = f32x4.add(b1, f32x4.mul(w, x1));
      b2 = f32x4.add(b2, f32x4.mul(w, x2));
      b3 = f32x4.add(b3, f32x4.mul(w, x3));
      w = v128.load32_splat(weight2 + j);
      c0 = f32x4.add(c0, f32x4.mul(w, x0));
      c1 = f32x4.add(c1, f32x4.mul(w, x1));
      c2 = f32x4.add(c2, f32x4.mul(w, x2));
      c3 = f32x4.add(c3, f32x4.mul(w, x3));
      w = v128.load32_splat(weight3 + j);
      d0 = f32x4.add(d0, f32x4.mul(w, x0));
      d1 = f32x4.add(d1, f32x4.mul(w, x1));
      d2 = f32x4.add(d2, f32x4.mul(w, x2));
      d3 = f32x4.add(d3, f32x4.mul(w, x3));
    }
    let f = splat0(factors), e = splat0(extras);
    storeCombined(to0 + c, a0, f, shared, c, e);
    storeCombined(to0 + c + 16, a1, f, shared, c + 16, e);
    storeCombined(to0 + c + 32, a2, f, shared, c + 32, e);
    storeCombined(to0 + c + 48, a3, f, shared, c + 48, e);
    f = splat1(factors), e = splat1(extras);
    storeCombined(to1 + c, b0, f, shared, c, e);
    storeCombined(to1 + c + 16, b1, f, shared, c + 16, e);
    storeCombined(to1 + c + 32, b2, f, shared, c + 32, e);
    storeCombined(to1 + c + 48, b3, f, shared, c + 48, e);
    f = splat2(factors), e = splat2(extras);
    storeCombined(to2 + c, c0, f, shared, c, e);
    storeCombined(to2 + c + 16, c1, f, shared, c + 16, e);
    storeCombined(to2 + c + 32, c2, f, shared, c + 32, e);
    storeCombined(to2 + c + 48, c3, f, shared, c + 48, e);
    f = splat3(factors), e = splat3(extras);
    storeCombined(to3 + c, d0, f, shared, c, e);
    storeCombined(to3 + c + 16, d1, f, shared, c + 16, e);
    storeCombined(to3 + c + 32, d2, f, shared, c + 32, e);
    storeCombined(to3 + c + 48, d3, f, shared, c + 48, e);
  }
  for (; c < bytes; c += 16) {
    let a0 = f32x4.splat(0), b0 = a0, c0 = a0, d0 = a0;
    let value = values + c;
    for (let j: usize = 0; j < weightBytes; j += 4, value += stride) {
      const x = v128.load(value);
      a0 = f32x4.add(a0, f32x4.mul(v128.load32_splat(weight0 + j), x));
      b0 = f32x4.add(b0, f32x4.mul(v128.load32_splat(weight1 + j), x));
      c0 = f32x4.add(c0, f32x4.mul(v128.load32_splat(weight2 + j), x));
      d0 = f32x4.add(d0, f32x4.mul(v128.load32_splat(weight3 + j), x));
    }
    storeCombined(to0 + c, a0, splat0(factors), shared, c, splat0(extras));
    storeCombined(to1 + c, b0, splat1(factors), shared, c, splat1(extras));
    storeCombined(to2 + c, c0, splat2(factors), shared, c, splat2(extras));
    storeCombined(to3 + c, d0, splat3(factors), shared, c, splat3(extras));
  }
}

function storeCombined(to: usize, sum: v128, factor: v128, shared: usize, column: usize, extra: v128): void {
  let result = f32x4.mul(sum, factor);
  if (shared) result = f32x4.add(result, f32x4.mul(extra, v128.load(shared + column)));
  v128.store(to, result);
}

/** Which of four keys from `first` on a query may attend: those from 0 to `last`. */
export function attended(first: i32, last: i32): v128 {
  const keys = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  return v128.and(i32x4.ge_s(keys, i32x4.splat(0)), i32x4.le_s(keys, i32x4.splat(last)));
}

/** The greatest lane. */
export function max4(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/**
 * Puts exp(logit - top), under dropout, in place of each logit of a row, and returns the sum of what dropout has not
 * touched. `index` is that of the draw of the first four.
 */
export function exponentials(
  row: usize,
  quads: usize,
  top: f32,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  index: usize,
  counter: usize,
): f32 {
  const tops = f32x4.splat(top);
  let sum = f32x4.splat(0);
  for (let quad: usize = 0; quad < quads; quad++, row += 16) {
    let e = exp4(f32x4.sub(v128.load(row), tops));
    sum = f32x4.add(sum, e);
    if (threshold) e = f32x4.mul(e, dropout4(seed, step, site, threshold, scale, <u32> (index + quad), <u32> counter));
    v128.store(row, e);
  }
  return sum4(sum);
}

/**
 * The gradient of the sum of t_i[j] / 2 |a_i - b_j|^2: adds t_i[j] (a_i - b_j), summed over j, to the row `shift` bytes
 * from a_i, and takes it, summed over i, from the row `shift` bytes from b_j. A row may stand in for one that is not there,
 * with a 0 in the tile: a key for any, a query for those after it.
 */
export function addDistanceTile(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  b0: usize,
  b1: usize,
  b2: usize,
  b3: usize,
  shift: usize,
  bytes: usize,
  t0: v128,
  t1: v128,
  t2: v128,
  t3: v128,
): void {
  const t00 = splat0(t0), t01 = splat1(t0), t02 = splat2(t0), t03 = splat3(t0);
  const t10 = splat0(t1), t11 = splat1(t1), t12 = splat2(t1), t13 = splat3(t1);
  const t20 = splat0(t2), t21 = splat1(t2), t22 = splat2(t2), t23 = splat3(t2);
  const t30 = splat0(t3), t31 = splat1(t3), t32 = splat2(t3), t33 = splat3(t3);
  for (let c: usize = 0; c < bytes; c += 16) {
    const x0 = v128.load(a0 + c), x1 = v128.load(a1 + c), x2 = v128.load(a2 + c), x3 = v128.load(a3 + c);
    let y0 = v128.load(a0 + shift + c), y1 = v128.load(a1 + shift + c);
    let y2 = v128.load(a2 + shift + c), y3 = v128.load(a3 + shift + c);
    let b = b0 + c;
    let x = v128.load(b);
    let d0 = f32x4.mul(t00, f32x4.sub(x0, x)), d1 = f32x4.mul(t10, f32x4.sub(x1, x));
    let d2 = f32x4.mul(t20, f32x4.sub(x2, x)), d3 = f32x4.mul(t30, f32x4.sub(x3, x));
    y0 = f32x4.add(y0, d0), y1 = f32x4.add(y1, d1), y2 = f32x4.add(y2, d2), y3 = f32x4.add(y3, d3);
    b += shift;
    v128.store(b, f32x4.sub(v128.load(b), f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3))));
    b = b1 + c;
    x = v128.load(b);
    d0 = f32x4.mul(t01, f32x4.sub(x0, x)), d1 = f32x4.mul(t11, f32x4.sub(x1, x));
    d2 = f32x4.mul(t21, f32x4.sub(x2, x)), d3 = f32x4.mul(t31, f32x4.sub(x3, x));
    y0 = f32x4.add(y0, d0), y1 = f32x4.add(y1, d1), y2 = f32x4.add(y2, d2), y3 = f32x4.add(y3, d3);
    b += shift;
    v128.store(b, f32x4.sub(v128.load(b), f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3))));
    b = b2 + c;
    x = v128.load(b);
    d0 = f32x4.mul(t02, f32x4.sub(x0, x)), d1 = f32x4.mul(t12, f32x4.sub(x1, x));
    d2 = f32x4.mul(t22, f32x4.sub(x2, x)), d3 = f32x4.mul(t32, f32x4.sub(x3, x));
    y0 = f32x4.add(y0, d0), y1 = f32x4.add(y1, d1), y2 = f32x4.add(y2, d2), y3 = f32x4.add(y3, d3);
    b += shift;
    v128.store(b, f32x4.sub(v128.load(b), f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3))));
    b = b3 + c;
    x = v128.load(b);
    d0 = f32x4.mul(t03, f32x4.sub(x0, x)), d1 = f32x4.mul(t13, f32x4.sub(x1, x));
    d2 = f32x4.mul(t23, f32x4.sub(x2, x)), d3 = f32x4.mul(t33, f32x4.sub(x3, x));
    y0 = f32x4.add(y0, d0), y1 = f32x4.add(y1, d1), y2 = f32x4.add(y2, d2), y3 = f32x4.add(y3, d3);
    b += shift;
    v128.store(b, f32x4.sub(v128.load(b), f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3))));
    // Last row first, so that of rows that are one and the same, the one with something in the tile stays
    v128.store(a3 + shift + c, y3);
    v128.store(a2 + shift + c, y2);
    v128.store(a1 + shift + c, y1);
    v128.store(a0 + shift + c, y0);
  }
}
