import { exp4, sum4 } from "../_math.as";

// Tokens and items of a tile of logits. A tile, and the rows that make it, stay in the caches of a core.
const BLOCK: u32 = 64;
const PANEL: u32 = 16;
const TILE_ROW: usize = 256;
const LOWEST: f32 = -3.4e38;

function madd(sum: v128, weight: v128, row: v128): v128 {
  return f32x4.add(sum, f32x4.mul(weight, row));
}

/**
 * Four rows and sixteen columns of C (+)= start + A B, for an even depth: row r of A is at ar, row r of C at cr. A type
 * parameter says how A lies, so that the bytes from one column to the next are constants and part of the loads: an integer
 * by rows; a float by columns, with four rows side by side and all of the addresses the same. Loading a row of B anew for
 * each row of A beats keeping it: sixteen sums are all the registers there are.
 */
function tile16<Layout>(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  b: usize,
  bRow: usize,
  c0: usize,
  c1: usize,
  c2: usize,
  c3: usize,
  depth: usize,
  accumulate: bool,
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
): void {
  const ROW: usize = isFloat<Layout>() ? 4 : 0, STEP: usize = isFloat<Layout>() ? TILE_ROW : 4;
  let x00 = s0, x01 = s0, x02 = s0, x03 = s0;
  let x10 = s1, x11 = s1, x12 = s1, x13 = s1;
  let x20 = s2, x21 = s2, x22 = s2, x23 = s2;
  let x30 = s3, x31 = s3, x32 = s3, x33 = s3;
  const end = b + depth * bRow;
  for (let k: usize = 0; b != end; k += 2 * STEP, b += bRow) {
    let w = v128.load32_splat(a0 + k);
    x00 = madd(x00, w, v128.load(b));
    x01 = madd(x01, w, v128.load(b, 16));
    x02 = madd(x02, w, v128.load(b, 32));
    x03 = madd(x03, w, v128.load(b, 48));
    w = v128.load32_splat(a1 + k, ROW);
    x10 = madd(x10, w, v128.load(b));
    x11 = madd(x11, w, v128.load(b, 16));
    x12 = madd(x12, w, v128.load(b, 32));
    x13 = madd(x13, w, v128.load(b, 48));
    w = v128.load32_splat(a2 + k, ROW * 2);
    x20 = madd(x20, w, v128.load(b));
    x21 = madd(x21, w, v128.load(b, 16));
    x22 = madd(x22, w, v128.load(b, 32));
    x23 = madd(x23, w, v128.load(b, 48));
    w = v128.load32_splat(a3 + k, ROW * 3);
    x30 = madd(x30, w, v128.load(b));
    x31 = madd(x31, w, v128.load(b, 16));
    x32 = madd(x32, w, v128.load(b, 32));
    x33 = madd(x33, w, v128.load(b, 48));
    b += bRow;
    w = v128.load32_splat(a0 + k, STEP);
    x00 = madd(x00, w, v128.load(b));
    x01 = madd(x01, w, v128.load(b, 16));
    x02 = madd(x02, w, v128.load(b, 32));
    x03 = madd(x03, w, v128.load(b, 48));
    w = v128.load32_splat(a1 + k, ROW + STEP);
    x10 = madd(x10, w, v128.load(b));
    x11 = madd(x11, w, v128.load(b, 16));
    x12 = madd(x12, w, v128.load(b, 32));
    x13 = madd(x13, w, v128.load(b, 48));
    w = v128.load32_splat(a2 + k, ROW * 2 + STEP);
    x20 = madd(x20, w, v128.load(b));
    x21 = madd(x21, w, v128.load(b, 16));
    x22 = madd(x22, w, v128.load(b, 32));
    x23 = madd(x23, w, v128.load(b, 48));
    w = v128.load32_splat(a3 + k, ROW * 3 + STEP);
    x30 = madd(x30, w, v128.load(b));
    x31 = madd(x31, w, v128.load(b, 16));
    x32 = madd(x32, w, v128.load(b, 32));
    x33 = madd(x33, w, v128.load(b, 48));
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
    x20 = f32x4.add(x20, v128.load(c2));
    x21 = f32x4.add(x21, v128.load(c2, 16));
    x22 = f32x4.add(x22, v128.load(c2, 32));
    x23 = f32x4.add(x23, v128.load(c2, 48));
    x30 = f32x4.add(x30, v128.load(c3));
    x31 = f32x4.add(x31, v128.load(c3, 16));
    x32 = f32x4.add(x32, v128.load(c3, 32));
    x33 = f32x4.add(x33, v128.load(c3, 48));
  }
  v128.store(c0, x00);
  v128.store(c0, x01, 16);
  v128.store(c0, x02, 32);
  v128.store(c0, x03, 48);
  v128.store(c1, x10);
  v128.store(c1, x11, 16);
  v128.store(c1, x12, 32);
  v128.store(c1, x13, 48);
  v128.store(c2, x20);
  v128.store(c2, x21, 16);
  v128.store(c2, x22, 32);
  v128.store(c2, x23, 48);
  v128.store(c3, x30);
  v128.store(c3, x31, 16);
  v128.store(c3, x32, 32);
  v128.store(c3, x33, 48);
}

/**
 * A tile of C (+)= start + A B, where A lies by rows. Of fewer than four rows the last is repeated: the same work, for no
 * second copy of the loop; all sums are made before the first is stored, so a repeated row is added to once.
 */
function rowsTile(
  a: usize,
  aRow: usize,
  b: usize,
  bRow: usize,
  c: usize,
  cRow: usize,
  rows: usize,
  depth: usize,
  start: usize,
  accumulate: bool,
): void {
  const last = rows - 1, one = min<usize>(1, last), two = min<usize>(2, last), three = min<usize>(3, last);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  if (start) {
    s0 = v128.load32_splat(start);
    s1 = v128.load32_splat(start + (one << 2));
    s2 = v128.load32_splat(start + (two << 2));
    s3 = v128.load32_splat(start + (three << 2));
  }
  const a1 = a + one * aRow, a2 = a + two * aRow, a3 = a + three * aRow;
  const c1 = c + one * cRow, c2 = c + two * cRow, c3 = c + three * cRow;
  tile16<u32>(a, a1, a2, a3, b, bRow, c, c1, c2, c3, depth, accumulate, s0, s1, s2, s3);
}

/** A tile of C (+)= A B, where A is the transpose of a tile of logits: its columns are the rows there. */
function columnsTile(a: usize, b: usize, bRow: usize, c: usize, cRow: usize, depth: usize, accumulate: bool): void {
  const zero = f32x4.splat(0), c1 = c + cRow, c2 = c1 + cRow, c3 = c2 + cRow;
  tile16<f32>(a, a, a, a, b, bRow, c, c1, c2, c3, depth, accumulate, zero, zero, zero, zero);
}

/** One row and four columns of C (+)= A B: what is left over beside the tiles of 4 x 16 and their even depths. */
function tile4(a: usize, aStep: usize, b: usize, bRow: usize, c: usize, depth: usize, accumulate: bool): void {
  let sum = f32x4.splat(0);
  for (const end = b + depth * bRow; b != end; b += bRow, a += aStep) {
    sum = madd(sum, v128.load32_splat(a), v128.load(b));
  }
  v128.store(c, accumulate ? f32x4.add(v128.load(c), sum) : sum);
}

/** Rows of the tile times rows of B: C (+)= tile B. Width and strides in bytes. */
function multiply(
  tile: usize,
  b: usize,
  stride: usize,
  c: usize,
  rows: usize,
  depth: usize,
  accumulate: bool,
): void {
  const even = depth & ~1, tiled = stride & ~63;
  for (let row: usize = 0; row < rows; row += 4) {
    const left = min<usize>(rows - row, 4), from = tile + row * TILE_ROW, to = c + row * stride;
    for (let column: usize = 0; column < tiled; column += 64) {
      rowsTile(from, TILE_ROW, b + column, stride, to + column, stride, left, even, 0, accumulate);
    }
  }
  if (tiled == stride && even == depth) return;
  for (let row: usize = 0; row < rows; row++) {
    remainder(tile + row * TILE_ROW, 4, b, stride, c + row * stride, depth, accumulate);
  }
}

/** Columns of the tile times rows of B: C (+)= tile^T B. Writes rows up to a multiple of four. */
function multiplyTransposed(
  tile: usize,
  b: usize,
  stride: usize,
  c: usize,
  rows: usize,
  depth: usize,
  accumulate: bool,
): void {
  const even = depth & ~1, tiled = stride & ~63;
  for (let row: usize = 0; row < rows; row += 4) {
    const from = tile + (row << 2), to = c + row * stride;
    for (let column: usize = 0; column < tiled; column += 64) {
      columnsTile(from, b + column, stride, to + column, stride, even, accumulate);
    }
  }
  if (tiled == stride && even == depth) return;
  for (let row: usize = 0; row < rows; row++) {
    remainder(tile + (row << 2), TILE_ROW, b, stride, c + row * stride, depth, accumulate);
  }
}

/** What the tiles of 4 x 16 and their even depths leave over of a row. */
function remainder(
  a: usize,
  aStep: usize,
  b: usize,
  stride: usize,
  c: usize,
  depth: usize,
  accumulate: bool,
): void {
  const even = depth & ~1, tiled = stride & ~63;
  if (even != depth) {
    for (let column: usize = 0; column < tiled; column += 16) {
      tile4(a + even * aStep, aStep, b + even * stride + column, stride, c + column, 1, true);
    }
  }
  for (let column = tiled; column < stride; column += 16) {
    tile4(a, aStep, b + column, stride, c + column, depth, accumulate);
  }
}

/** Regroups token rows into panels of 16 tokens, column by column, with zeros past the last token. */
function packTokens(hidden: usize, panels: usize, tokens: u32, stride: usize): void {
  for (let token: u32 = 0; token < (tokens + PANEL - 1 & ~(PANEL - 1)); token += 4) {
    const to = panels + <usize> (token & ~(PANEL - 1)) * stride + (<usize> (token & (PANEL - 1)) << 2);
    const from = hidden + <usize> token * stride;
    const zero = f32x4.splat(0);
    for (let column: usize = 0; column < stride; column += 16) {
      const a = token < tokens ? v128.load(from + column) : zero;
      const b = token + 1 < tokens ? v128.load(from + stride + column) : zero;
      const c = token + 2 < tokens ? v128.load(from + 2 * stride + column) : zero;
      const d = token + 3 < tokens ? v128.load(from + 3 * stride + column) : zero;
      const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
      const abHigh = i32x4.shuffle(a, b, 2, 6, 3, 7), cdHigh = i32x4.shuffle(c, d, 2, 6, 3, 7);
      const at = to + (column << 4);
      v128.store(at, i64x2.shuffle(ab, cd, 0, 2));
      v128.store(at, i64x2.shuffle(ab, cd, 1, 3), 64);
      v128.store(at, i64x2.shuffle(abHigh, cdHigh, 0, 2), 128);
      v128.store(at, i64x2.shuffle(abHigh, cdHigh, 1, 3), 192);
    }
  }
}

/** tile[item][token] = table row . token + bias, for items by rows and the tokens of all panels. */
function logits(
  table: usize,
  bias: usize,
  panels: usize,
  tile: usize,
  items: u32,
  tokens: u32,
  stride: usize,
): void {
  const depth = stride >> 2;
  for (let item: u32 = 0; item < items; item += 4) {
    const rows = min<usize>(items - item, 4);
    const row = tile + <usize> item * TILE_ROW, from = table + <usize> item * stride;
    const start = bias + (<usize> item << 2);
    for (let token: u32 = 0; token < tokens; token += PANEL) {
      const panel = panels + <usize> token * stride;
      rowsTile(from, stride, panel, 64, row + (<usize> token << 2), TILE_ROW, rows, depth, start, false);
    }
  }
}

/** Takes a tile into the running maxima, and sums of exponentials above them, of sixteen tokens. */
function takePanel(tile: usize, items: u32, maxima: usize, sums: usize, first: bool): void {
  const lowest = f32x4.splat(LOWEST), zero = f32x4.splat(0);
  const end = tile + <usize> items * TILE_ROW;
  const before0 = first ? lowest : v128.load(maxima), before1 = first ? lowest : v128.load(maxima, 16);
  const before2 = first ? lowest : v128.load(maxima, 32), before3 = first ? lowest : v128.load(maxima, 48);
  let m0 = before0, m1 = before1, m2 = before2, m3 = before3;
  for (let row = tile; row != end; row += TILE_ROW) {
    m0 = f32x4.pmax(m0, v128.load(row));
    m1 = f32x4.pmax(m1, v128.load(row, 16));
    m2 = f32x4.pmax(m2, v128.load(row, 32));
    m3 = f32x4.pmax(m3, v128.load(row, 48));
  }
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  for (let row = tile; row != end; row += TILE_ROW) {
    s0 = f32x4.add(s0, exp4(f32x4.sub(v128.load(row), m0)));
    s1 = f32x4.add(s1, exp4(f32x4.sub(v128.load(row, 16), m1)));
    s2 = f32x4.add(s2, exp4(f32x4.sub(v128.load(row, 32), m2)));
    s3 = f32x4.add(s3, exp4(f32x4.sub(v128.load(row, 48), m3)));
  }
  if (!first) {
    s0 = madd(s0, v128.load(sums), exp4(f32x4.sub(before0, m0)));
    s1 = madd(s1, v128.load(sums, 16), exp4(f32x4.sub(before1, m1)));
    s2 = madd(s2, v128.load(sums, 32), exp4(f32x4.sub(before2, m2)));
    s3 = madd(s3, v128.load(sums, 48), exp4(f32x4.sub(before3, m3)));
  }
  v128.store(maxima, m0);
  v128.store(maxima, m1, 16);
  v128.store(maxima, m2, 32);
  v128.store(maxima, m3, 48);
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
}

/** Bytes of the slot of a chunk: see the contract. */
function slotBytes(tokens: u32, stride: usize): usize {
  return <usize> (paddedTokens(tokens) + BLOCK) * stride + <usize> BLOCK * TILE_ROW + TILE_ROW;
}

function paddedTokens(tokens: u32): u32 {
  return (tokens + BLOCK - 1) & ~(BLOCK - 1);
}

export function softmaxPartials(
  hidden: usize,
  table: usize,
  parameters: usize,
  workspace: usize,
  partials: usize,
  tokens: u32,
  quads: u32,
  items: u32,
  chunkItems: u32,
  biasOffset: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4, bias = parameters + (<usize> biasOffset << 4), padded = paddedTokens(tokens);
  for (let chunk = begin; chunk < end; chunk++) {
    const firstItem = chunk * chunkItems, lastItem = min(firstItem + chunkItems, items);
    const panels = workspace + <usize> chunk * slotBytes(tokens, stride) + <usize> padded * stride;
    const tile = panels + <usize> BLOCK * stride;
    const maxima = partials + (<usize> chunk * padded << 3), sums = maxima + (<usize> padded << 2);
    for (let token: u32 = 0; token < tokens; token += BLOCK) {
      const blockTokens = min(tokens - token, BLOCK);
      packTokens(hidden + <usize> token * stride, panels, blockTokens, stride);
      for (let item = firstItem; item < lastItem; item += BLOCK) {
        const blockItems = min(lastItem - item, BLOCK);
        logits(
          table + <usize> item * stride,
          bias + (<usize> item << 2),
          panels,
          tile,
          blockItems,
          blockTokens,
          stride,
        );
        for (let at: u32 = 0; at < blockTokens; at += PANEL) {
          const column = <usize> at << 2, to = <usize> (token + at) << 2;
          takePanel(tile + column, blockItems, maxima + to, sums + to, item == firstItem);
        }
      }
    }
  }
}

export function softmaxNormaliser(
  hidden: usize,
  table: usize,
  parameters: usize,
  labels: usize,
  partials: usize,
  normaliser: usize,
  losses: usize,
  tokens: u32,
  quads: u32,
  chunks: u32,
  biasOffset: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4, row = <usize> paddedTokens(tokens) << 2;
  for (let token = begin; token < end; token++) {
    const id = <usize> token << 2, past = partials + (<usize> chunks * row << 1);
    let maximum: f32 = LOWEST;
    for (let at = partials + id; at < past; at += 2 * row) {
      const value = load<f32>(at);
      maximum = maximum < value ? value : maximum;
    }
    let sum: f32 = 0;
    for (let at = partials + id; at < past; at += 2 * row) {
      sum += load<f32>(at + row) * Mathf.exp(load<f32>(at) - maximum);
    }
    const result: f32 = maximum + Mathf.log(sum);
    const label = load<u32>(labels + id);
    const from = hidden + <usize> token * stride, to = table + <usize> label * stride;
    let dot = f32x4.splat(0);
    for (let column: usize = 0; column < stride; column += 16) {
      dot = madd(dot, v128.load(from + column), v128.load(to + column));
    }
    store<f32>(normaliser + id, result);
    store<f32>(
      losses + id,
      result - (sum4(dot) + load<f32>(parameters + (<usize> biasOffset << 4) + (<usize> label << 2))),
    );
  }
}

export function softmaxGradient(
  hidden: usize,
  table: usize,
  parameters: usize,
  labels: usize,
  normaliser: usize,
  workspace: usize,
  tableGradient: usize,
  gradient: usize,
  tokens: u32,
  quads: u32,
  items: u32,
  chunkItems: u32,
  biasOffset: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4, padded = paddedTokens(tokens);
  const bias = parameters + (<usize> biasOffset << 4), biasGradient = gradient + (<usize> biasOffset << 4);
  const share: f32 = <f32> 1 / <f32> tokens;
  for (let chunk = begin; chunk < end; chunk++) {
    const firstItem = chunk * chunkItems, lastItem = min(firstItem + chunkItems, items);
    const partial = workspace + <usize> chunk * slotBytes(tokens, stride);
    const panels = partial + <usize> padded * stride;
    const tile = panels + <usize> BLOCK * stride, normalisers = tile + <usize> BLOCK * TILE_ROW;
    for (let token: u32 = 0; token < tokens; token += BLOCK) {
      const blockTokens = min(tokens - token, BLOCK), rows = hidden + <usize> token * stride;
      packTokens(rows, panels, blockTokens, stride);
      for (let at: u32 = 0; at < BLOCK; at++) {
        // So high that the exponentials of tokens that are none vanish
        const value: f32 = at < blockTokens ? load<f32>(normaliser + (<usize> (token + at) << 2)) : -LOWEST;
        store<f32>(normalisers + (<usize> at << 2), value);
      }
      for (let item = firstItem; item < lastItem; item += BLOCK) {
        const blockItems = min(lastItem - item, BLOCK);
        const from = table + <usize> item * stride, id = <usize> item << 2;
        logits(from, bias + id, panels, tile, blockItems, blockTokens, stride);
        differentiate(
          tile,
          normalisers,
          labels + (<usize> token << 2),
          biasGradient + id,
          blockItems,
          blockTokens,
          item,
          share,
          token != 0,
        );
        const toHidden = partial + <usize> token * stride, toTable = tableGradient + <usize> item * stride;
        multiplyTransposed(tile, from, stride, toHidden, blockTokens, blockItems, item != firstItem);
        multiply(tile, rows, stride, toTable, blockItems, blockTokens, token != 0);
      }
    }
  }
}

/** Turns a tile of logits into derivatives of the mean loss by them, and sums these by item. */
function differentiate(
  tile: usize,
  normalisers: usize,
  labels: usize,
  biasGradient: usize,
  items: u32,
  tokens: u32,
  firstItem: u32,
  share: f32,
  accumulate: bool,
): void {
  const shares = f32x4.splat(share), width = <usize> (tokens + PANEL - 1 & ~(PANEL - 1)) << 2;
  for (let item: u32 = 0; item < items; item++) {
    const row = tile + <usize> item * TILE_ROW;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let column: usize = 0; column < width; column += 64) {
      const at = row + column, n = normalisers + column;
      const d0 = f32x4.mul(shares, exp4(f32x4.sub(v128.load(at), v128.load(n))));
      const d1 = f32x4.mul(shares, exp4(f32x4.sub(v128.load(at, 16), v128.load(n, 16))));
      const d2 = f32x4.mul(shares, exp4(f32x4.sub(v128.load(at, 32), v128.load(n, 32))));
      const d3 = f32x4.mul(shares, exp4(f32x4.sub(v128.load(at, 48), v128.load(n, 48))));
      v128.store(at, d0);
      v128.store(at, d1, 16);
      v128.store(at, d2, 32);
      v128.store(at, d3, 48);
      s0 = f32x4.add(s0, d0);
      s1 = f32x4.add(s1, d1);
      s2 = f32x4.add(s2, d2);
      s3 = f32x4.add(s3, d3);
    }
    const sum = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    const to = biasGradient + (<usize> item << 2);
    store<f32>(to, accumulate ? load<f32>(to) + sum : sum);
  }
  for (let token: u32 = 0; token < tokens; token++) {
    const item = load<u32>(labels + (<usize> token << 2)) - firstItem;
    if (item >= items) continue;
    const at = tile + <usize> item * TILE_ROW + (<usize> token << 2), to = biasGradient + (<usize> item << 2);
    store<f32>(at, load<f32>(at) - share);
    store<f32>(to, load<f32>(to) - share);
  }
}

export function sumChunks(
  workspace: usize,
  hiddenGradient: usize,
  tokens: u32,
  quads: u32,
  chunks: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4, slot = slotBytes(tokens, stride);
  for (let at = <usize> begin * stride, past = <usize> end * stride; at < past; at += 16) {
    let sum = v128.load(workspace + at);
    for (let from = workspace + at + slot, left = chunks; left > 1; left--, from += slot) {
      sum = f32x4.add(sum, v128.load(from));
    }
    v128.store(hiddenGradient + at, sum);
  }
}
