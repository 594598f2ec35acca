// Products of a tile of logits and rows. Eight sums, and what is multiplied for them, are as many vectors as there are
// registers; and a value is loaded as seldom as can be, since V8 checks the bounds of each load where, as in Deno, it has no
// trap handler.

function madd(sum: v128, weight: v128, row: v128): v128 {
  return f32x4.add(sum, f32x4.mul(weight, row));
}

/** Two rows and sixteen columns of C (+)= start + A B, for a depth that is a multiple of four. */
export function rowsTile(
  a0: usize,
  a1: usize,
  b: usize,
  bRow: usize,
  c0: usize,
  c1: usize,
  depth: usize,
  accumulate: bool,
  start0: v128,
  start1: v128,
): void {
  let x00 = start0, x01 = start0, x02 = start0, x03 = start0;
  let x10 = start1, x11 = start1, x12 = start1, x13 = start1;
  for (const end = b + depth * bRow; b != end; a0 += 16, a1 += 16) {
    const w0 = v128.load(a0), w1 = v128.load(a1);
    let u: v128, v: v128, y: v128;
    u = i32x4.shuffle(w0, w0, 0, 0, 0, 0), v = i32x4.shuffle(w1, w1, 0, 0, 0, 0);
    y = v128.load(b);
    x00 = madd(x00, u, y);
    x10 = madd(x10, v, y);
    y = v128.load(b, 16);
    x01 = madd(x01, u, y);
    x11 = madd(x11, v, y);
    y = v128.load(b, 32);
    x02 = madd(x02, u, y);
    x12 = madd(x12, v, y);
    y = v128.load(b, 48);
    x03 = madd(x03, u, y);
    x13 = madd(x13, v, y);
    b += bRow;
    u = i32x4.shuffle(w0, w0, 1, 1, 1, 1), v = i32x4.shuffle(w1, w1, 1, 1, 1, 1);
    y = v128.load(b);
    x00 = madd(x00, u, y);
    x10 = madd(x10, v, y);
    y = v128.load(b, 16);
    x01 = madd(x01, u, y);
    x11 = madd(x11, v, y);
    y = v128.load(b, 32);
    x02 = madd(x02, u, y);
    x12 = madd(x12, v, y);
    y = v128.load(b, 48);
    x03 = madd(x03, u, y);
    x13 = madd(x13, v, y);
    b += bRow;
    u = i32x4.shuffle(w0, w0, 2, 2, 2, 2), v = i32x4.shuffle(w1, w1, 2, 2, 2, 2);
    y = v128.load(b);
    x00 = madd(x00, u, y);
    x10 = madd(x10, v, y);
    y = v128.load(b, 16);
    x01 = madd(x01, u, y);
    x11 = madd(x11, v, y);
    y = v128.load(b, 32);
    x02 = madd(x02, u, y);
    x12 = madd(x12, v, y);
    y = v128.load(b, 48);
    x03 = madd(x03, u, y);
    x13 = madd(x13, v, y);
    b += bRow;
    u = i32x4.shuffle(w0, w0, 3, 3, 3, 3), v = i32x4.shuffle(w1, w1, 3, 3, 3, 3);
    y = v128.load(b);
    x00 = madd(x00, u, y);
    x10 = madd(x10, v, y);
    y = v128.load(b, 16);
    x01 = madd(x01, u, y);
    x11 = madd(x11, v, y);
    y = v128.load(b, 32);
    x02 = madd(x02, u, y);
    x12 = madd(x12, v, y);
    y = v128.load(b, 48);
    x03 = madd(x03, u, y);
    x13 = madd(x13, v, y);
    b += bRow;
  }
  if (accumulate) {
    x00 = f32x4.add(x00, v128.load(c0));
    x01 = f32x4.add(x01, v128.load(c0, 16));
    x02 = f32x4.add(x02, v128.load(c0, 32));
    x03 = f32x4.add(x03, v128.load(c0, 48));
    x10 = f32x4.add(x10, v128.load(c1));
    x11 = f32x4.add(x11, v128.load(c1, 16));
    x12 = f32x4.add(x12, v128.load(c1, 32));
    x13 = f32x4.add(x13, v128.load(c1, 48));
  }
  v128.store(c0, x00);
  v128.store(c0, x01, 16);
  v128.store(c0, x02, 32);
  v128.store(c0, x03, 48);
  v128.store(c1, x10);
  v128.store(c1, x11, 16);
  v128.store(c1, x12, 32);
  v128.store(c1, x13, 48);
}

/** Four rows and eight columns of C (+)= A^T B, for an even depth. */
function columnsTile(
  a: usize,
  aRow: usize,
  b: usize,
  bRow: usize,
  c0: usize,
  cRow: usize,
  depth: usize,
  accumulate: bool,
): void {
  const c1 = c0 + cRow, c2 = c1 + cRow, c3 = c2 + cRow;
  let x00 = f32x4.splat(0), x01 = x00, x10 = x00, x11 = x00, x20 = x00, x21 = x00, x30 = x00, x31 = x00;
  for (const end = b + depth * bRow; b != end; a += 2 * aRow) {
    let u: v128, w: v128, y0: v128, y1: v128;
    w = v128.load(a), y0 = v128.load(b), y1 = v128.load(b, 16);
    u = i32x4.shuffle(w, w, 0, 0, 0, 0);
    x00 = madd(x00, u, y0);
    x01 = madd(x01, u, y1);
    u = i32x4.shuffle(w, w, 1, 1, 1, 1);
    x10 = madd(x10, u, y0);
    x11 = madd(x11, u, y1);
    u = i32x4.shuffle(w, w, 2, 2, 2, 2);
    x20 = madd(x20, u, y0);
    x21 = madd(x21, u, y1);
    u = i32x4.shuffle(w, w, 3, 3, 3, 3);
    x30 = madd(x30, u, y0);
    x31 = madd(x31, u, y1);
    b += bRow;
    w = v128.load(a + aRow), y0 = v128.load(b), y1 = v128.load(b, 16);
    u = i32x4.shuffle(w, w, 0, 0, 0, 0);
    x00 = madd(x00, u, y0);
    x01 = madd(x01, u, y1);
    u = i32x4.shuffle(w, w, 1, 1, 1, 1);
    x10 = madd(x10, u, y0);
    x11 = madd(x11, u, y1);
    u = i32x4.shuffle(w, w, 2, 2, 2, 2);
    x20 = madd(x20, u, y0);
    x21 = madd(x21, u, y1);
    u = i32x4.shuffle(w, w, 3, 3, 3, 3);
    x30 = madd(x30, u, y0);
    x31 = madd(x31, u, y1);
    b += bRow;
  }
  if (accumulate) {
    x00 = f32x4.add(x00, v128.load(c0));
    x01 = f32x4.add(x01, v128.load(c0, 16));
    x10 = f32x4.add(x10, v128.load(c1));
    x11 = f32x4.add(x11, v128.load(c1, 16));
    x20 = f32x4.add(x20, v128.load(c2));
    x21 = f32x4.add(x21, v128.load(c2, 16));
    x30 = f32x4.add(x30, v128.load(c3));
    x31 = f32x4.add(x31, v128.load(c3, 16));
  }
  v128.store(c0, x00);
  v128.store(c0, x01, 16);
  v128.store(c1, x10);
  v128.store(c1, x11, 16);
  v128.store(c2, x20);
  v128.store(c2, x21, 16);
  v128.store(c3, x30);
  v128.store(c3, x31, 16);
}

/** One row and four columns of C (+)= A B: what is left over beside the tiles. */
function narrow(a: usize, aStep: usize, b: usize, bRow: usize, c: usize, depth: usize, accumulate: bool): void {
  let sum = f32x4.splat(0);
  for (const end = b + depth * bRow; b != end; b += bRow, a += aStep) {
    sum = madd(sum, v128.load32_splat(a), v128.load(b));
  }
  v128.store(c, accumulate ? f32x4.add(v128.load(c), sum) : sum);
}

/**
 * C (+)= A B. Of an odd number of rows the last is made twice: all its sums are made before the first is stored, so it is
 * added to once.
 *
 * @param stride Bytes of a row of B and of C.
 */
export function multiply(
  a: usize,
  aRow: usize,
  b: usize,
  stride: usize,
  c: usize,
  rows: usize,
  depth: usize,
  accumulate: bool,
): void {
  const whole = depth & ~3, tiled = stride & ~63, zero = f32x4.splat(0);
  for (let row: usize = 0; row < rows; row += 2) {
    const next = row + 1 < rows ? row + 1 : row;
    const a0 = a + row * aRow, a1 = a + next * aRow, c0 = c + row * stride, c1 = c + next * stride;
    for (let at: usize = 0; at < tiled; at += 64) {
      rowsTile(a0, a1, b + at, stride, c0 + at, c1 + at, whole, accumulate, zero, zero);
    }
  }
  if (tiled == stride && whole == depth) return;
  for (let row: usize = 0; row < rows; row++) {
    remainder(a + row * aRow, 4, b, stride, c + row * stride, whole, depth, accumulate);
  }
}

/**
 * C (+)= A^T B. Writes rows up to a multiple of four.
 *
 * @param stride Bytes of a row of B and of C.
 */
export function multiplyTransposed(
  a: usize,
  aRow: usize,
  b: usize,
  stride: usize,
  c: usize,
  rows: usize,
  depth: usize,
  accumulate: bool,
): void {
  const whole = depth & ~1, tiled = stride & ~63;
  for (let row: usize = 0; row < rows; row += 4) {
    const from = a + (row << 2), to = c + row * stride;
    for (let at: usize = 0; at < tiled; at += 32) {
      columnsTile(from, aRow, b + at, stride, to + at, stride, whole, accumulate);
    }
  }
  if (tiled == stride && whole == depth) return;
  for (let row: usize = 0; row < rows; row++) {
    remainder(a + (row << 2), aRow, b, stride, c + row * stride, whole, depth, accumulate);
  }
}

/** What the tiles leave over of a row: the depth behind `whole`, and the columns behind the last sixteen. */
function remainder(
  a: usize,
  aStep: usize,
  b: usize,
  stride: usize,
  c: usize,
  whole: usize,
  depth: usize,
  accumulate: bool,
): void {
  const tiled = stride & ~63;
  if (whole != depth) {
    for (let at: usize = 0; at < tiled; at += 16) {
      narrow(a + whole * aStep, aStep, b + whole * stride + at, stride, c + at, depth - whole, true);
    }
  }
  for (let at = tiled; at < stride; at += 16) narrow(a, aStep, b + at, stride, c + at, depth, accumulate);
}
