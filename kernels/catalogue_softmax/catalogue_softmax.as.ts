import { exp4, sum4 } from "../_math.as";
import { multiply, multiplyTransposed, rowsTile } from "./_products.as";

/** Tokens and items of a tile of logits. A tile, and the rows that make it, stay in the caches of a core. */
const BLOCK: u32 = 64;

/** Tokens that are regrouped column by column. */
const PANEL: u32 = 16;

/** Bytes of a row of a tile, the logits of an item; and of a tile, which has one more row. */
const TILE_ROW: usize = 256, TILE: usize = 65 * TILE_ROW;

/** Below all logits. */
const LOWEST: f32 = -3.4e38;

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
  for (let item: u32 = 0; item < items; item += 2) {
    // Of an odd number the last is made twice
    const next = item + 1 < items ? item + 1 : item;
    const from = table + <usize> item * stride, fromNext = table + <usize> next * stride;
    const to = tile + <usize> item * TILE_ROW, toNext = tile + <usize> next * TILE_ROW;
    const start = v128.load32_splat(bias + (<usize> item << 2));
    const startNext = v128.load32_splat(bias + (<usize> next << 2));
    for (let token: u32 = 0; token < tokens; token += PANEL) {
      const panel = panels + <usize> token * stride, at = <usize> token << 2;
      rowsTile(from, fromNext, panel, 64, to + at, toNext + at, depth, false, start, startNext);
    }
  }
}

/**
 * Takes sixteen tokens of a tile into their running maxima, and sums of exponentials above them. These exponentials stay
 * in the tile, and in its last row what they are above.
 */
function takePanel(tile: usize, items: u32, maxima: usize, sums: usize, first: bool): void {
  const lowest = f32x4.splat(LOWEST), zero = f32x4.splat(0);
  const end = tile + <usize> items * TILE_ROW, kept = tile + <usize> BLOCK * TILE_ROW;
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
    const e0 = exp4(f32x4.sub(v128.load(row), m0)), e1 = exp4(f32x4.sub(v128.load(row, 16), m1));
    const e2 = exp4(f32x4.sub(v128.load(row, 32), m2)), e3 = exp4(f32x4.sub(v128.load(row, 48), m3));
    v128.store(row, e0);
    v128.store(row, e1, 16);
    v128.store(row, e2, 32);
    v128.store(row, e3, 48);
    s0 = f32x4.add(s0, e0);
    s1 = f32x4.add(s1, e1);
    s2 = f32x4.add(s2, e2);
    s3 = f32x4.add(s3, e3);
  }
  if (!first) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(sums), exp4(f32x4.sub(before0, m0))));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(sums, 16), exp4(f32x4.sub(before1, m1))));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(sums, 32), exp4(f32x4.sub(before2, m2))));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(sums, 48), exp4(f32x4.sub(before3, m3))));
  }
  v128.store(kept, m0);
  v128.store(kept, m1, 16);
  v128.store(kept, m2, 32);
  v128.store(kept, m3, 48);
  v128.store(maxima, m0);
  v128.store(maxima, m1, 16);
  v128.store(maxima, m2, 32);
  v128.store(maxima, m3, 48);
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
}

/** Bytes of the part of a chunk in the gradient of the hidden rows. */
function partBytes(tokens: u32, stride: usize): usize {
  return <usize> paddedTokens(tokens) * stride;
}

/** Where a chunk makes its tiles: 64 token rows regrouped, 64 factors, and the tiles, those of a block of tokens together. */
function scratchOf(chunk: u32, workspace: usize, tokens: u32, stride: usize, items: u32, chunkItems: u32): usize {
  const chunks = <usize> ((items + chunkItems - 1) / chunkItems);
  const tiles = <usize> (paddedTokens(tokens) / BLOCK * (chunkItems / BLOCK));
  const bytes = <usize> BLOCK * stride + TILE_ROW + tiles * TILE;
  return workspace + chunks * partBytes(tokens, stride) + <usize> chunk * bytes;
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
  firstToken: u32,
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
    const panels = scratchOf(chunk, workspace, tokens, stride, items, chunkItems);
    const tiles = panels + <usize> BLOCK * stride + TILE_ROW;
    const maxima = partials + (<usize> chunk * padded << 3), sums = maxima + (<usize> padded << 2);
    for (let token: u32 = 0; token < tokens; token += BLOCK) {
      const blockTokens = min(tokens - token, BLOCK);
      packTokens(hidden + <usize> (firstToken + token) * stride, panels, blockTokens, stride);
      let tile = tiles + <usize> (token / BLOCK * (chunkItems / BLOCK)) * TILE;
      for (let item = firstItem; item < lastItem; item += BLOCK, tile += TILE) {
        const blockItems = min(lastItem - item, BLOCK), from = table + <usize> item * stride;
        logits(from, bias + (<usize> item << 2), panels, tile, blockItems, blockTokens, stride);
        for (let at: u32 = 0; at < blockTokens; at += PANEL) {
          const to = <usize> (token + at) << 2;
          takePanel(tile + (<usize> at << 2), blockItems, maxima + to, sums + to, item == firstItem);
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
  firstToken: u32,
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
    const place = <usize> (firstToken + token) << 2;
    const label = load<u32>(labels + place);
    const from = hidden + <usize> (firstToken + token) * stride, to = table + <usize> label * stride;
    let dot = f32x4.splat(0);
    for (let column: usize = 0; column < stride; column += 16) {
      dot = f32x4.add(dot, f32x4.mul(v128.load(from + column), v128.load(to + column)));
    }
    store<f32>(normaliser + place, result);
    store<f32>(
      losses + place,
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
  firstToken: u32,
  tokens: u32,
  quads: u32,
  items: u32,
  chunkItems: u32,
  biasOffset: u32,
  share: f32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4, biasGradient = gradient + (<usize> biasOffset << 4);
  for (let chunk = begin; chunk < end; chunk++) {
    const firstItem = chunk * chunkItems, lastItem = min(firstItem + chunkItems, items);
    const part = workspace + <usize> chunk * partBytes(tokens, stride);
    const normalisers = scratchOf(chunk, workspace, tokens, stride, items, chunkItems);
    const factors = normalisers + <usize> BLOCK * stride, tiles = factors + TILE_ROW;
    for (let token: u32 = 0; token < tokens; token += BLOCK) {
      const blockTokens = min(tokens - token, BLOCK), place = firstToken + token;
      for (let at: u32 = 0; at < BLOCK; at++) {
        // So high that the exponentials of tokens that are none vanish
        const value: f32 = at < blockTokens ? load<f32>(normaliser + (<usize> (place + at) << 2)) : -LOWEST;
        store<f32>(normalisers + (<usize> at << 2), value);
      }
      let tile = tiles + <usize> (token / BLOCK * (chunkItems / BLOCK)) * TILE;
      for (let item = firstItem; item < lastItem; item += BLOCK, tile += TILE) {
        const blockItems = min(lastItem - item, BLOCK);
        differentiate(
          tile,
          normalisers,
          factors,
          labels + (<usize> place << 2),
          biasGradient + (<usize> item << 2),
          blockItems,
          blockTokens,
          item,
          share,
          place != 0,
        );
        const from = table + <usize> item * stride, rows = hidden + <usize> place * stride;
        const toHidden = part + <usize> token * stride, toTable = tableGradient + <usize> item * stride;
        multiplyTransposed(tile, TILE_ROW, from, stride, toHidden, blockTokens, blockItems, item != firstItem);
        multiply(tile, TILE_ROW, rows, stride, toTable, blockItems, blockTokens, place != 0);
      }
    }
  }
}

/** Turns a tile of exponentials into derivatives of the mean loss by the logits, and sums these by item. */
function differentiate(
  tile: usize,
  normalisers: usize,
  factors: usize,
  labels: usize,
  biasGradient: usize,
  items: u32,
  tokens: u32,
  firstItem: u32,
  share: f32,
  accumulate: bool,
): void {
  const shares = f32x4.splat(share), width = <usize> (tokens + PANEL - 1 & ~(PANEL - 1)) << 2;
  for (let at: usize = 0; at < width; at += 16) {
    const above = v128.load(tile + <usize> BLOCK * TILE_ROW + at);
    v128.store(factors + at, f32x4.mul(shares, exp4(f32x4.sub(above, v128.load(normalisers + at)))));
  }
  for (let item: u32 = 0; item < items; item++) {
    const row = tile + <usize> item * TILE_ROW;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let column: usize = 0; column < width; column += 64) {
      const at = row + column, factor = factors + column;
      const d0 = f32x4.mul(v128.load(at), v128.load(factor));
      const d1 = f32x4.mul(v128.load(at, 16), v128.load(factor, 16));
      const d2 = f32x4.mul(v128.load(at, 32), v128.load(factor, 32));
      const d3 = f32x4.mul(v128.load(at, 48), v128.load(factor, 48));
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
  firstToken: u32,
  tokens: u32,
  quads: u32,
  chunks: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4,
    part = partBytes(tokens, stride),
    to = hiddenGradient + <usize> firstToken * stride;
  for (let at = <usize> begin * stride, past = <usize> end * stride; at < past; at += 16) {
    let sum = v128.load(workspace + at);
    for (let from = workspace + at + part, left = chunks; left > 1; left--, from += part) {
      sum = f32x4.add(sum, v128.load(from));
    }
    v128.store(to + at, sum);
  }
}
