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
  const biases = bias + (<usize> biasOffset << 4);
  for (let block = begin * ITEM_ROWS; block < last; block += BLOCK_ROWS) {
    const blockEnd = min(block + BLOCK_ROWS, last);
    const panelBytes: usize = transposed ? 16 : 32;
    for (let column: usize = 0; column < rowBytes; column += panelBytes) {
      const tileRows: u32 = transposed ? 3 : 4;
      for (let row = block; row < blockEnd; row += tileRows) {
        const from = a + (<usize> aOffset << 4) + row * aBytes, rows = blockEnd - row;
        const to = c + (<usize> cOffset << 4) + row * cBytes + column;
        // No tensor is at address 0
        const plus = biased ? biases + column : 0;
        const plusRow = added ? addend + row * rowBytes + column : 0;
        const panel = b + (<usize> bOffset << 4);
        if (transposed) {
          const first = panel + (column >> 2) * bBytes;
          transposedTile(from, aBytes, first, bBytes, depth, plus, plusRow, rowBytes, to, cBytes, rows, accumulate);
        } else if (rowBytes - column >= 32) {
          wideTile(from, aBytes, panel + column, bBytes, depth, plus, plusRow, rowBytes, to, cBytes, rows, accumulate);
        } else {
          narrowTile(
            from,
            aBytes,
            panel + column,
            bBytes,
            depth,
            plus,
            plusRow,
            rowBytes,
            to,
            cBytes,
            rows,
            accumulate,
          );
        }
      }
    }
  }
}

/** Three rows by four columns, with lanes along k: the rows of a transposed `b` are read as they lie. */
function transposedTile(
  a0: usize,
  aBytes: usize,
  b0: usize,
  bBytes: usize,
  depth: usize,
  bias: usize,
  addend: usize,
  rowBytes: usize,
  to: usize,
  cBytes: usize,
  rows: u32,
  accumulate: u32,
): void {
  let a1 = rows > 1 ? a0 + aBytes : a0, a2 = rows > 2 ? a1 + aBytes : a1;
  let b1 = b0 + bBytes, b2 = b1 + bBytes, b3 = b2 + bBytes;
  let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00;
  let s10 = s00, s11 = s00, s12 = s00, s13 = s00;
  let s20 = s00, s21 = s00, s22 = s00, s23 = s00;
  for (const end = a0 + depth; a0 < end;) {
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
  finish(sums(s00, s01, s02, s03), bias, addend, to, accumulate);
  if (rows < 2) return;
  to += cBytes;
  if (addend) addend += rowBytes;
  finish(sums(s10, s11, s12, s13), bias, addend, to, accumulate);
  if (rows < 3) return;
  to += cBytes;
  if (addend) addend += rowBytes;
  finish(sums(s20, s21, s22, s23), bias, addend, to, accumulate);
}

/** Four rows by eight columns, with lanes along the columns. */
function wideTile(
  a0: usize,
  aBytes: usize,
  b: usize,
  bBytes: usize,
  depth: usize,
  bias: usize,
  addend: usize,
  rowBytes: usize,
  to: usize,
  cBytes: usize,
  rows: u32,
  accumulate: u32,
): void {
  let a1 = rows > 1 ? a0 + aBytes : a0, a2 = rows > 2 ? a1 + aBytes : a1, a3 = rows > 3 ? a2 + aBytes : a2;
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
  let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  for (const end = a0 + depth; a0 < end;) {
    let w0 = v128.load(b), w1 = v128.load(b, 16);
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
    b += bBytes;
    w0 = v128.load(b);
    w1 = v128.load(b, 16);
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
    b += bBytes;
    a0 += 8;
    a1 += 8;
    a2 += 8;
    a3 += 8;
  }
  finishWide(s00, s01, bias, addend, to, accumulate);
  if (rows < 2) return;
  to += cBytes;
  if (addend) addend += rowBytes;
  finishWide(s10, s11, bias, addend, to, accumulate);
  if (rows < 3) return;
  to += cBytes;
  if (addend) addend += rowBytes;
  finishWide(s20, s21, bias, addend, to, accumulate);
  if (rows < 4) return;
  to += cBytes;
  if (addend) addend += rowBytes;
  finishWide(s30, s31, bias, addend, to, accumulate);
}

/** Four rows by the four columns that the wide tiles leave over. */
function narrowTile(
  a0: usize,
  aBytes: usize,
  b: usize,
  bBytes: usize,
  depth: usize,
  bias: usize,
  addend: usize,
  rowBytes: usize,
  to: usize,
  cBytes: usize,
  rows: u32,
  accumulate: u32,
): void {
  let a1 = rows > 1 ? a0 + aBytes : a0, a2 = rows > 2 ? a1 + aBytes : a1, a3 = rows > 3 ? a2 + aBytes : a2;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (const end = a0 + depth; a0 < end;) {
    const w = v128.load(b);
    s0 = f32x4.add(s0, f32x4.mul(v128.load32_splat(a0), w));
    s1 = f32x4.add(s1, f32x4.mul(v128.load32_splat(a1), w));
    s2 = f32x4.add(s2, f32x4.mul(v128.load32_splat(a2), w));
    s3 = f32x4.add(s3, f32x4.mul(v128.load32_splat(a3), w));
    b += bBytes;
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
  }
  finish(s0, bias, addend, to, accumulate);
  if (rows < 2) return;
  to += cBytes;
  if (addend) addend += rowBytes;
  finish(s1, bias, addend, to, accumulate);
  if (rows < 3) return;
  to += cBytes;
  if (addend) addend += rowBytes;
  finish(s2, bias, addend, to, accumulate);
  if (rows < 4) return;
  to += cBytes;
  if (addend) addend += rowBytes;
  finish(s3, bias, addend, to, accumulate);
}

/** The sums of the lanes of a, b, c and d. */
// @ts-ignore: a decorator of AssemblyScript

function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

// @ts-ignore: a decorator of AssemblyScript

function finish(sum: v128, bias: usize, addend: usize, to: usize, accumulate: u32): void {
  if (bias) sum = f32x4.add(sum, v128.load(bias));
  if (addend) sum = f32x4.add(sum, v128.load(addend));
  if (accumulate) sum = f32x4.add(sum, v128.load(to));
  v128.store(to, sum);
}

// @ts-ignore: a decorator of AssemblyScript

function finishWide(sum0: v128, sum1: v128, bias: usize, addend: usize, to: usize, accumulate: u32): void {
  if (bias) {
    sum0 = f32x4.add(sum0, v128.load(bias));
    sum1 = f32x4.add(sum1, v128.load(bias, 16));
  }
  if (addend) {
    sum0 = f32x4.add(sum0, v128.load(addend));
    sum1 = f32x4.add(sum1, v128.load(addend, 16));
  }
  if (accumulate) {
    sum0 = f32x4.add(sum0, v128.load(to));
    sum1 = f32x4.add(sum1, v128.load(to, 16));
  }
  v128.store(to, sum0);
  v128.store(to, sum1, 16);
}
