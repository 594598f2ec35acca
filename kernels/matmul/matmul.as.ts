// All sums run over one fixed order for each output element, in full tiles and in remainders alike, so that it does not
// matter where the work is cut. A short tile repeats its last row, for no second copy of the loops.

/** Rows of an item: a multiple of the rows of both tiles. */
const ITEM_ROWS: u32 = 12;

/** Rows of `a` that stay in the first-level cache while all of `b` goes by. */
const BLOCK_ROWS: u32 = 48;

export function matmul(
  a: usize,
  b: usize,
  bias: usize,
  addend: usize,
  c: usize,
  m: u32,
  n: u32,
  k: u32,
  aOffset: u32,
  aStride: u32,
  bOffset: u32,
  bStride: u32,
  biasOffset: u32,
  cOffset: u32,
  cStride: u32,
  transposed: u32,
  biased: u32,
  added: u32,
  accumulate: u32,
  begin: u32,
  end: u32,
): void {
  const last = min(end * ITEM_ROWS, m);
  const aBytes = <usize> aStride << 4, bBytes = <usize> bStride << 4, cBytes = <usize> cStride << 4;
  const rowBytes = <usize> n << 2, depth = <usize> k << 2;
  b += <usize> bOffset << 4;
  bias += <usize> biasOffset << 4;
  for (let block = begin * ITEM_ROWS; block < last; block += BLOCK_ROWS) {
    const rows = min(BLOCK_ROWS, last - block);
    const from = a + (<usize> aOffset << 4) + block * aBytes, to = c + (<usize> cOffset << 4) + block * cBytes;
    // Tiles add what is at one address, or nothing: branches between their many sums are dear
    let more = accumulate ? to : 0, moreBytes = cBytes;
    if (added) {
      more = addend + block * rowBytes;
      moreBytes = rowBytes;
      if (accumulate) {
        addRows(to, cBytes, more, rowBytes, rows);
        more = to;
        moreBytes = cBytes;
      }
    }
    let column: usize = 0;
    if (transposed) {
      for (; column < rowBytes; column += 16) {
        const base = biased ? v128.load(bias + column) : f32x4.splat(0);
        const panel = b + (column >> 2) * bBytes, plus = more ? more + column : 0;
        transposedPanel(from, aBytes, panel, bBytes, depth, base, plus, moreBytes, to + column, cBytes, rows);
      }
      continue;
    }
    for (; column + 32 <= rowBytes; column += 32) {
      const base0 = biased ? v128.load(bias + column) : f32x4.splat(0);
      const base1 = biased ? v128.load(bias + column, 16) : f32x4.splat(0);
      const plus = more ? more + column : 0;
      widePanel(from, aBytes, b + column, bBytes, depth, base0, base1, plus, moreBytes, to + column, cBytes, rows);
    }
    if (column < rowBytes) {
      const base = biased ? v128.load(bias + column) : f32x4.splat(0), plus = more ? more + column : 0;
      narrowPanel(from, aBytes, b + column, bBytes, depth, base, plus, moreBytes, to + column, cBytes, rows);
    }
  }
}

/** Tiles of three rows by four columns, with lanes along k: the rows of a transposed `b` are read as they lie. */
function transposedPanel(
  a: usize,
  aBytes: usize,
  b: usize,
  bBytes: usize,
  depth: usize,
  base: v128,
  plus: usize,
  plusBytes: usize,
  c: usize,
  cBytes: usize,
  rows: u32,
): void {
  for (;;) {
    let a0 = a, a1 = rows > 1 ? a0 + aBytes : a0, a2 = rows > 2 ? a1 + aBytes : a1;
    let b0 = b, b1 = b0 + bBytes, b2 = b1 + bBytes, b3 = b2 + bBytes;
    let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00;
    let s10 = s00, s11 = s00, s12 = s00, s13 = s00;
    let s20 = s00, s21 = s00, s22 = s00, s23 = s00;
    for (const end = a + depth; a0 < end;) {
      const x0 = v128.load(a0), x1 = v128.load(a1), x2 = v128.load(a2);
      let w = v128.load(b0);
      s00 = f32x4.add(s00, f32x4.mul(x0, w));
      s10 = f32x4.add(s10, f32x4.mul(x1, w));
      s20 = f32x4.add(s20, f32x4.mul(x2, w));
      w = v128.load(b1);
      s01 = f32x4.add(s01, f32x4.mul(x0, w));
      s11 = f32x4.add(s11, f32x4.mul(x1, w));
      s21 = f32x4.add(s21, f32x4.mul(x2, w));
      w = v128.load(b2);
      s02 = f32x4.add(s02, f32x4.mul(x0, w));
      s12 = f32x4.add(s12, f32x4.mul(x1, w));
      s22 = f32x4.add(s22, f32x4.mul(x2, w));
      w = v128.load(b3);
      s03 = f32x4.add(s03, f32x4.mul(x0, w));
      s13 = f32x4.add(s13, f32x4.mul(x1, w));
      s23 = f32x4.add(s23, f32x4.mul(x2, w));
      a0 += 16;
      a1 += 16;
      a2 += 16;
      b0 += 16;
      b1 += 16;
      b2 += 16;
      b3 += 16;
    }
    s00 = f32x4.add(sums(s00, s01, s02, s03), base);
    s10 = f32x4.add(sums(s10, s11, s12, s13), base);
    s20 = f32x4.add(sums(s20, s21, s22, s23), base);
    if (plus) {
      s00 = f32x4.add(s00, v128.load(plus));
      if (rows > 1) plus += plusBytes;
      s10 = f32x4.add(s10, v128.load(plus));
      if (rows > 2) plus += plusBytes;
      s20 = f32x4.add(s20, v128.load(plus));
      plus += plusBytes;
    }
    v128.store(c, s00);
    if (rows == 1) return;
    c += cBytes;
    v128.store(c, s10);
    if (rows == 2) return;
    c += cBytes;
    v128.store(c, s20);
    if (rows == 3) return;
    c += cBytes;
    a += 3 * aBytes;
    rows -= 3;
  }
}

/** Tiles of four rows by eight columns, with lanes along the columns. */
function widePanel(
  a: usize,
  aBytes: usize,
  b: usize,
  bBytes: usize,
  depth: usize,
  base0: v128,
  base1: v128,
  plus: usize,
  plusBytes: usize,
  c: usize,
  cBytes: usize,
  rows: u32,
): void {
  for (;;) {
    let a0 = a, a1 = rows > 1 ? a0 + aBytes : a0, a2 = rows > 2 ? a1 + aBytes : a1, a3 = rows > 3 ? a2 + aBytes : a2;
    let p = b;
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
    let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    for (const end = a + depth; a0 < end;) {
      let w0 = v128.load(p), w1 = v128.load(p, 16);
      let x = v128.load32_splat(a0);
      s00 = f32x4.add(s00, f32x4.mul(x, w0));
      s01 = f32x4.add(s01, f32x4.mul(x, w1));
      x = v128.load32_splat(a1);
      s10 = f32x4.add(s10, f32x4.mul(x, w0));
      s11 = f32x4.add(s11, f32x4.mul(x, w1));
      x = v128.load32_splat(a2);
      s20 = f32x4.add(s20, f32x4.mul(x, w0));
      s21 = f32x4.add(s21, f32x4.mul(x, w1));
      x = v128.load32_splat(a3);
      s30 = f32x4.add(s30, f32x4.mul(x, w0));
      s31 = f32x4.add(s31, f32x4.mul(x, w1));
      p += bBytes;
      w0 = v128.load(p);
      w1 = v128.load(p, 16);
      x = v128.load32_splat(a0, 4);
      s00 = f32x4.add(s00, f32x4.mul(x, w0));
      s01 = f32x4.add(s01, f32x4.mul(x, w1));
      x = v128.load32_splat(a1, 4);
      s10 = f32x4.add(s10, f32x4.mul(x, w0));
      s11 = f32x4.add(s11, f32x4.mul(x, w1));
      x = v128.load32_splat(a2, 4);
      s20 = f32x4.add(s20, f32x4.mul(x, w0));
      s21 = f32x4.add(s21, f32x4.mul(x, w1));
      x = v128.load32_splat(a3, 4);
      s30 = f32x4.add(s30, f32x4.mul(x, w0));
      s31 = f32x4.add(s31, f32x4.mul(x, w1));
      p += bBytes;
      a0 += 8;
      a1 += 8;
      a2 += 8;
      a3 += 8;
    }
    s00 = f32x4.add(s00, base0);
    s01 = f32x4.add(s01, base1);
    s10 = f32x4.add(s10, base0);
    s11 = f32x4.add(s11, base1);
    s20 = f32x4.add(s20, base0);
    s21 = f32x4.add(s21, base1);
    s30 = f32x4.add(s30, base0);
    s31 = f32x4.add(s31, base1);
    if (plus) {
      s00 = f32x4.add(s00, v128.load(plus));
      s01 = f32x4.add(s01, v128.load(plus, 16));
      if (rows > 1) plus += plusBytes;
      s10 = f32x4.add(s10, v128.load(plus));
      s11 = f32x4.add(s11, v128.load(plus, 16));
      if (rows > 2) plus += plusBytes;
      s20 = f32x4.add(s20, v128.load(plus));
      s21 = f32x4.add(s21, v128.load(plus, 16));
      if (rows > 3) plus += plusBytes;
      s30 = f32x4.add(s30, v128.load(plus));
      s31 = f32x4.add(s31, v128.load(plus, 16));
      plus += plusBytes;
    }
    v128.store(c, s00);
    v128.store(c, s01, 16);
    if (rows == 1) return;
    c += cBytes;
    v128.store(c, s10);
    v128.store(c, s11, 16);
    if (rows == 2) return;
    c += cBytes;
    v128.store(c, s20);
    v128.store(c, s21, 16);
    if (rows == 3) return;
    c += cBytes;
    v128.store(c, s30);
    v128.store(c, s31, 16);
    if (rows == 4) return;
    c += cBytes;
    a += 4 * aBytes;
    rows -= 4;
  }
}

/** Tiles of four rows by the four columns that the wide tiles leave over. */
function narrowPanel(
  a: usize,
  aBytes: usize,
  b: usize,
  bBytes: usize,
  depth: usize,
  base: v128,
  plus: usize,
  plusBytes: usize,
  c: usize,
  cBytes: usize,
  rows: u32,
): void {
  for (;;) {
    let a0 = a, a1 = rows > 1 ? a0 + aBytes : a0, a2 = rows > 2 ? a1 + aBytes : a1, a3 = rows > 3 ? a2 + aBytes : a2;
    let p = b;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (const end = a + depth; a0 < end; p += bBytes) {
      const w = v128.load(p);
      s0 = f32x4.add(s0, f32x4.mul(v128.load32_splat(a0), w));
      s1 = f32x4.add(s1, f32x4.mul(v128.load32_splat(a1), w));
      s2 = f32x4.add(s2, f32x4.mul(v128.load32_splat(a2), w));
      s3 = f32x4.add(s3, f32x4.mul(v128.load32_splat(a3), w));
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
    }
    s0 = f32x4.add(s0, base);
    s1 = f32x4.add(s1, base);
    s2 = f32x4.add(s2, base);
    s3 = f32x4.add(s3, base);
    if (plus) {
      s0 = f32x4.add(s0, v128.load(plus));
      if (rows > 1) plus += plusBytes;
      s1 = f32x4.add(s1, v128.load(plus));
      if (rows > 2) plus += plusBytes;
      s2 = f32x4.add(s2, v128.load(plus));
      if (rows > 3) plus += plusBytes;
      s3 = f32x4.add(s3, v128.load(plus));
      plus += plusBytes;
    }
    v128.store(c, s0);
    if (rows == 1) return;
    c += cBytes;
    v128.store(c, s1);
    if (rows == 2) return;
    c += cBytes;
    v128.store(c, s2);
    if (rows == 3) return;
    c += cBytes;
    v128.store(c, s3);
    if (rows == 4) return;
    c += cBytes;
    a += 4 * aBytes;
    rows -= 4;
  }
}

/** The sums of the lanes of a, b, c and d. */

function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

function addRows(to: usize, toBytes: usize, from: usize, rowBytes: usize, rows: u32): void {
  for (let row: u32 = 0; row < rows; row++, to += toBytes) {
    for (let column: usize = 0; column < rowBytes; column += 16, from += 16) {
      v128.store(to + column, f32x4.add(v128.load(to + column), v128.load(from)));
    }
  }
}
