import { INPUT_ROWS, inputGradient } from "./_input_gradient.as";

/** Bytes of a row of x that an item takes, along with one quad of y. */
const ITEM_BYTES: usize = 256;

/** Rows that stay in the first-level cache while the tiles of all items go by. Each block is summed by itself. */
const BLOCK_ROWS: u32 = 120;

export function matmulGradient(
  y: usize,
  x: usize,
  weight: usize,
  xGradient: usize,
  gradient: usize,
  m: u32,
  n: u32,
  k: u32,
  yOffset: u32,
  yStride: u32,
  xOffset: u32,
  xStride: u32,
  weightOffset: u32,
  gradientOffset: u32,
  biasOffset: u32,
  biased: u32,
  slices: u32,
  sliceStride: u32,
  inward: u32,
  accumulate: u32,
  begin: u32,
  end: u32,
): void {
  const yBytes = <usize> yStride << 4, xBytes = <usize> xStride << 4, rowBytes = <usize> k << 2;
  const across = <u32> ((rowBytes + ITEM_BYTES - 1) / ITEM_BYTES), items = (n >> 2) * across;
  const sliceRows = (m + slices - 1) / slices, outward = slices * items;
  y += <usize> yOffset << 4;
  x += <usize> xOffset << 4;
  let item = begin;
  while (item < min(end, outward)) {
    const slice = item / items, before = slice * items, past = min(end - before, items);
    const top = min(slice * sliceRows, m), rows = min(sliceRows, m - top);
    const place = gradient + (<usize> slice * sliceStride << 4);
    const weightPlace = place + (<usize> gradientOffset << 4);
    const biasPlace = biased ? place + (<usize> biasOffset << 4) : 0;
    const yTop = y + top * yBytes, xTop = x + top * xBytes;
    weightGradient(yTop, yBytes, xTop, xBytes, rows, weightPlace, rowBytes, biasPlace, across, item - before, past);
    item = before + past;
  }
  weight += <usize> weightOffset << 4;
  xGradient += <usize> xOffset << 4;
  for (; item < end; item++) {
    const top = (item - outward) * INPUT_ROWS;
    const from = y + top * yBytes, to = xGradient + top * xBytes;
    inputGradient(from, yBytes, weight, <usize> n << 2, rowBytes, to, xBytes, accumulate, min(INPUT_ROWS, m - top));
  }
}

/** Some quads of columns of y, by blocks of columns of x, over all rows of a slice. */
function weightGradient(
  y: usize,
  yBytes: usize,
  x: usize,
  xBytes: usize,
  m: u32,
  weight: usize,
  rowBytes: usize,
  bias: usize,
  across: u32,
  begin: u32,
  end: u32,
): void {
  let block: u32 = 0;
  // Once at least: with no rows the gradient is 0.
  do {
    const rows = min(BLOCK_ROWS, m - block);
    const yBlock = y + block * yBytes, xBlock = x + block * xBytes;
    for (let item = begin; item < end; item++) {
      const quad = item / across, first = <usize> (item % across) * ITEM_BYTES;
      const last = min(first + ITEM_BYTES, rowBytes);
      const from = yBlock + (<usize> quad << 4);
      const to = weight + <usize> quad * 4 * rowBytes;
      let column = first;
      for (; column + 32 <= last; column += 32) {
        wideTile(from, yBytes, xBlock + column, xBytes, rows, to + column, rowBytes, block);
      }
      if (column < last) narrowTile(from, yBytes, xBlock + column, xBytes, rows, to + column, rowBytes, block);
      if (bias && first == 0) columnSums(from, yBytes, rows, bias + (<usize> quad << 4), block);
    }
    block += BLOCK_ROWS;
  } while (block < m);
}

/** Four columns of y by eight columns of x. */
function wideTile(
  y: usize,
  yBytes: usize,
  x: usize,
  xBytes: usize,
  rows: u32,
  to: usize,
  rowBytes: usize,
  more: u32,
): void {
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
  let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  for (const pairs = y + (rows >> 1 << 1) * yBytes; y < pairs;) {
    let x0 = v128.load(x), x1 = v128.load(x, 16);
    let w = v128.load32_splat(y);
    s00 = f32x4.add(s00, f32x4.mul(w, x0));
    s01 = f32x4.add(s01, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 4);
    s10 = f32x4.add(s10, f32x4.mul(w, x0));
    s11 = f32x4.add(s11, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 8);
    s20 = f32x4.add(s20, f32x4.mul(w, x0));
    s21 = f32x4.add(s21, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 12);
    s30 = f32x4.add(s30, f32x4.mul(w, x0));
    s31 = f32x4.add(s31, f32x4.mul(w, x1));
    y += yBytes;
    x += xBytes;
    x0 = v128.load(x);
    x1 = v128.load(x, 16);
    w = v128.load32_splat(y);
    s00 = f32x4.add(s00, f32x4.mul(w, x0));
    s01 = f32x4.add(s01, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 4);
    s10 = f32x4.add(s10, f32x4.mul(w, x0));
    s11 = f32x4.add(s11, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 8);
    s20 = f32x4.add(s20, f32x4.mul(w, x0));
    s21 = f32x4.add(s21, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 12);
    s30 = f32x4.add(s30, f32x4.mul(w, x0));
    s31 = f32x4.add(s31, f32x4.mul(w, x1));
    y += yBytes;
    x += xBytes;
  }
  if (rows & 1) {
    const x0 = v128.load(x), x1 = v128.load(x, 16);
    let w = v128.load32_splat(y);
    s00 = f32x4.add(s00, f32x4.mul(w, x0));
    s01 = f32x4.add(s01, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 4);
    s10 = f32x4.add(s10, f32x4.mul(w, x0));
    s11 = f32x4.add(s11, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 8);
    s20 = f32x4.add(s20, f32x4.mul(w, x0));
    s21 = f32x4.add(s21, f32x4.mul(w, x1));
    w = v128.load32_splat(y, 12);
    s30 = f32x4.add(s30, f32x4.mul(w, x0));
    s31 = f32x4.add(s31, f32x4.mul(w, x1));
  }
  put(to, s00, more);
  put(to + 16, s01, more);
  to += rowBytes;
  put(to, s10, more);
  put(to + 16, s11, more);
  to += rowBytes;
  put(to, s20, more);
  put(to + 16, s21, more);
  to += rowBytes;
  put(to, s30, more);
  put(to + 16, s31, more);
}

/** Four columns of y by the four of x that the wide tiles leave over. */
function narrowTile(
  y: usize,
  yBytes: usize,
  x: usize,
  xBytes: usize,
  rows: u32,
  to: usize,
  rowBytes: usize,
  more: u32,
): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (const end = y + rows * yBytes; y < end; y += yBytes, x += xBytes) {
    const w = v128.load(x);
    s0 = f32x4.add(s0, f32x4.mul(v128.load32_splat(y), w));
    s1 = f32x4.add(s1, f32x4.mul(v128.load32_splat(y, 4), w));
    s2 = f32x4.add(s2, f32x4.mul(v128.load32_splat(y, 8), w));
    s3 = f32x4.add(s3, f32x4.mul(v128.load32_splat(y, 12), w));
  }
  put(to, s0, more);
  put(to + rowBytes, s1, more);
  put(to + 2 * rowBytes, s2, more);
  put(to + 3 * rowBytes, s3, more);
}

/** Two sums side by side, as each waits for its own addition. */
function columnSums(y: usize, yBytes: usize, rows: u32, to: usize, more: u32): void {
  let even = f32x4.splat(0), odd = even;
  for (const pairs = y + (rows >> 1 << 1) * yBytes; y < pairs; y += 2 * yBytes) {
    even = f32x4.add(even, v128.load(y));
    odd = f32x4.add(odd, v128.load(y + yBytes));
  }
  if (rows & 1) even = f32x4.add(even, v128.load(y));
  put(to, f32x4.add(even, odd), more);
}

function put(to: usize, sum: v128, more: u32): void {
  if (more) sum = f32x4.add(sum, v128.load(to));
  v128.store(to, sum);
}
