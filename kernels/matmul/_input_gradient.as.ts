// The gradient of the input of a linear layer, y weight, where y holds the gradient of the output. A short tile repeats
// its last row, for no second copy of the loops; the order of a sum does not depend on where a tile begins.

/** Rows of an item, which stay in the first-level cache while all of the weight goes by: a multiple of those of a tile. */
export const INPUT_ROWS: u32 = 48;

/** c (+)= a b for some rows, where `depth` and `rowBytes` are the bytes of a row of a and of b. */
export function inputGradient(
  a: usize,
  aBytes: usize,
  b: usize,
  depth: usize,
  rowBytes: usize,
  c: usize,
  cBytes: usize,
  accumulate: u32,
  rows: u32,
): void {
  let column: usize = 0;
  for (; column + 32 <= rowBytes; column += 32) {
    widePanel(a, aBytes, b + column, rowBytes, depth, accumulate ? c + column : 0, c + column, cBytes, rows);
  }
  if (column < rowBytes) {
    narrowPanel(a, aBytes, b + column, rowBytes, depth, accumulate ? c + column : 0, c + column, cBytes, rows);
  }
}

/** Tiles of four rows by eight columns, with lanes along the columns. */
function widePanel(
  a: usize,
  aBytes: usize,
  b: usize,
  bBytes: usize,
  depth: usize,
  plus: usize,
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
    if (plus) {
      s00 = f32x4.add(s00, v128.load(plus));
      s01 = f32x4.add(s01, v128.load(plus, 16));
      if (rows > 1) plus += cBytes;
      s10 = f32x4.add(s10, v128.load(plus));
      s11 = f32x4.add(s11, v128.load(plus, 16));
      if (rows > 2) plus += cBytes;
      s20 = f32x4.add(s20, v128.load(plus));
      s21 = f32x4.add(s21, v128.load(plus, 16));
      if (rows > 3) plus += cBytes;
      s30 = f32x4.add(s30, v128.load(plus));
      s31 = f32x4.add(s31, v128.load(plus, 16));
      plus += cBytes;
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
  plus: usize,
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
    if (plus) {
      s0 = f32x4.add(s0, v128.load(plus));
      if (rows > 1) plus += cBytes;
      s1 = f32x4.add(s1, v128.load(plus));
      if (rows > 2) plus += cBytes;
      s2 = f32x4.add(s2, v128.load(plus));
      if (rows > 3) plus += cBytes;
      s3 = f32x4.add(s3, v128.load(plus));
      plus += cBytes;
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
