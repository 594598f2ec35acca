import { activate } from "../activate/activate.as";

// All sums run over one fixed order for each output element, in full tiles and in remainders alike, so that it does not
// matter where the work is cut. A short tile repeats its last row, for no second copy of the loops.

/** Rows of an item: a multiple of the rows of a tile. */
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
  biased: u32,
  added: u32,
  kind: u32,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  const last = min(end * ITEM_ROWS, m);
  const aBytes = <usize> aStride << 4, bBytes = <usize> bStride << 4, cBytes = <usize> cStride << 4;
  const rowBytes = <usize> n << 2, depth = <usize> k << 2;
  const quads = n >> 2, plain = kind == 0 && threshold == 0;
  b += <usize> bOffset << 4;
  bias += <usize> biasOffset << 4;
  for (let block = begin * ITEM_ROWS; block < last; block += BLOCK_ROWS) {
    const rows = min(BLOCK_ROWS, last - block);
    const from = a + (<usize> aOffset << 4) + block * aBytes, to = c + (<usize> cOffset << 4) + block * cBytes;
    // Tiles add what is at one address, or nothing: branches between their many sums are dear
    const more = added && plain ? addend + block * rowBytes : 0;
    for (let column: usize = 0; column < rowBytes; column += 16) {
      const base = biased ? v128.load(bias + column) : f32x4.splat(0);
      const plus = more ? more + column : 0;
      panel(from, aBytes, b + (column >> 2) * bBytes, bBytes, depth, base, plus, rowBytes, to + column, cBytes, rows);
    }
    if (plain) continue;
    const past = block + rows;
    activate(
      c,
      addend,
      c,
      m,
      quads,
      cOffset,
      cStride,
      cOffset,
      cStride,
      kind,
      added,
      seed,
      step,
      site,
      threshold,
      scale,
      block,
      past,
    );
  }
}

/** Tiles of three rows by four columns, with lanes along k: the rows of b are read as they lie. */
function panel(
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

/** The sums of the lanes of a, b, c and d. */

function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}
