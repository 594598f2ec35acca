const PANEL_ITEMS: u32 = 16;

export function packPanels(
  table: usize,
  panels: usize,
  items: u32,
  firstRow: u32,
  width: u32,
  begin: u32,
  end: u32,
): void {
  for (let panel = begin; panel < end; panel++) {
    for (let lane: u32 = 0; lane < PANEL_ITEMS; lane++) {
      const item = panel * PANEL_ITEMS + lane;
      const from = table + (<usize> (firstRow + item) * width << 2);
      const to = panels + ((<usize> panel * width * PANEL_ITEMS + lane) << 2);
      for (let column: u32 = 0; column < width; column++) {
        const value: f32 = item < items ? load<f32>(from + (<usize> column << 2)) : 0;
        store<f32>(to + (<usize> column << 6), value);
      }
    }
  }
}

/** The score of one item, with the rounding of the tiles below. */
function score(query: usize, panels: usize, item: u32, width: u32): f32 {
  const from = panels + ((<usize> (item >> 4) * width * PANEL_ITEMS + (item & 15)) << 2);
  let sum: f32 = 0;
  for (let column: u32 = 0; column < width; column++) {
    sum += load<f32>(query + (<usize> column << 2)) * load<f32>(from + (<usize> column << 6));
  }
  return sum;
}

/** Where `item` stands in the ascending list, or would stand. */
function position(list: usize, low: u32, high: u32, item: u32): u32 {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(list + (<usize> middle << 2)) < item) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One bit for each of the sixteen scores in a..d that does not come after `target` by value: NaN comes first. */
function notBelow(a: v128, b: v128, c: v128, d: v128, target: v128): u32 {
  return (i32x4.bitmask(f32x4.lt(a, target)) | i32x4.bitmask(f32x4.lt(b, target)) << 4 |
    i32x4.bitmask(f32x4.lt(c, target)) << 8 | i32x4.bitmask(f32x4.lt(d, target)) << 12) ^ 0xffff;
}

/** One bit for each of the sixteen scores that equals `target`. */
function equals(a: v128, b: v128, c: v128, d: v128, target: v128): u32 {
  return i32x4.bitmask(f32x4.eq(a, target)) | i32x4.bitmask(f32x4.eq(b, target)) << 4 |
    i32x4.bitmask(f32x4.eq(c, target)) << 8 | i32x4.bitmask(f32x4.eq(d, target)) << 12;
}

/** Bits of the items `first .. first + 16` that are excluded; `cursor` points at the first entry not below them. */
function excludedBits(cursor: usize, end: usize, first: u32): u32 {
  let bits: u32 = 0;
  while (cursor < end && load<u32>(cursor) < first + PANEL_ITEMS) {
    bits |= 1 << (load<u32>(cursor) - first);
    cursor += 4;
  }
  return bits;
}

export function rankTargets(
  query: usize,
  panels: usize,
  targets: usize,
  offsets: usize,
  excluded: usize,
  ranks: usize,
  queries: u32,
  firstQuery: u32,
  items: u32,
  width: u32,
  begin: u32,
  end: u32,
): void {
  for (let tile = begin; tile < end; tile++) {
    const q0 = tile * 4;
    // A short tile repeats its last query: the same work, not counted twice, for no second copy of this loop.
    const last = queries - 1;
    const q1 = min(q0 + 1, last), q2 = min(q0 + 2, last), q3 = min(q0 + 3, last);
    const bytes = <usize> width << 2;
    const a = query + <usize> (firstQuery + q0) * bytes, b = query + <usize> (firstQuery + q1) * bytes;
    const c = query + <usize> (firstQuery + q2) * bytes, d = query + <usize> (firstQuery + q3) * bytes;
    const ta = load<u32>(targets + (<usize> q0 << 2)), tb = load<u32>(targets + (<usize> q1 << 2));
    const tc = load<u32>(targets + (<usize> q2 << 2)), td = load<u32>(targets + (<usize> q3 << 2));
    const sa = f32x4.splat(score(a, panels, ta, width)), sb = f32x4.splat(score(b, panels, tb, width));
    const sc = f32x4.splat(score(c, panels, tc, width)), sd = f32x4.splat(score(d, panels, td, width));
    let ea = excluded + (<usize> load<u32>(offsets + (<usize> q0 << 2)) << 2);
    let eb = excluded + (<usize> load<u32>(offsets + (<usize> q1 << 2)) << 2);
    let ec = excluded + (<usize> load<u32>(offsets + (<usize> q2 << 2)) << 2);
    let ed = excluded + (<usize> load<u32>(offsets + (<usize> q3 << 2)) << 2);
    const za = excluded + (<usize> load<u32>(offsets + (<usize> q0 << 2), 4) << 2);
    const zb = excluded + (<usize> load<u32>(offsets + (<usize> q1 << 2), 4) << 2);
    const zc = excluded + (<usize> load<u32>(offsets + (<usize> q2 << 2), 4) << 2);
    const zd = excluded + (<usize> load<u32>(offsets + (<usize> q3 << 2), 4) << 2);
    const la = isLast(ta, excluded, offsets, q0), lb = isLast(tb, excluded, offsets, q1);
    const lc = isLast(tc, excluded, offsets, q2), ld = isLast(td, excluded, offsets, q3);
    let na: u32 = 0, nb: u32 = 0, nc: u32 = 0, nd: u32 = 0;
    for (let first: u32 = 0; first < items; first += PANEL_ITEMS) {
      let panel = panels + (<usize> first * width << 2);
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
      let c0 = a0, c1 = a0, c2 = a0, c3 = a0, d0 = a0, d1 = a0, d2 = a0, d3 = a0;
      for (let column: usize = 0; column < bytes; column += 4, panel += 64) {
        const p0 = v128.load(panel), p1 = v128.load(panel, 16), p2 = v128.load(panel, 32), p3 = v128.load(panel, 48);
        let w = v128.load32_splat(a + column);
        a0 = f32x4.add(a0, f32x4.mul(w, p0));
        a1 = f32x4.add(a1, f32x4.mul(w, p1));
        a2 = f32x4.add(a2, f32x4.mul(w, p2));
        a3 = f32x4.add(a3, f32x4.mul(w, p3));
        w = v128.load32_splat(b + column);
        b0 = f32x4.add(b0, f32x4.mul(w, p0));
        b1 = f32x4.add(b1, f32x4.mul(w, p1));
        b2 = f32x4.add(b2, f32x4.mul(w, p2));
        b3 = f32x4.add(b3, f32x4.mul(w, p3));
        w = v128.load32_splat(c + column);
        c0 = f32x4.add(c0, f32x4.mul(w, p0));
        c1 = f32x4.add(c1, f32x4.mul(w, p1));
        c2 = f32x4.add(c2, f32x4.mul(w, p2));
        c3 = f32x4.add(c3, f32x4.mul(w, p3));
        w = v128.load32_splat(d + column);
        d0 = f32x4.add(d0, f32x4.mul(w, p0));
        d1 = f32x4.add(d1, f32x4.mul(w, p1));
        d2 = f32x4.add(d2, f32x4.mul(w, p2));
        d3 = f32x4.add(d3, f32x4.mul(w, p3));
      }
      const live: u32 = items - first >= PANEL_ITEMS ? 0xffff : (1 << (items - first)) - 1;
      let hidden = excludedBits(ea, za, first);
      ea += <usize> popcnt(hidden) << 2;
      na += before(notBelow(a0, a1, a2, a3, sa), equals(a0, a1, a2, a3, sa), first, ta, la, live & ~hidden);
      hidden = excludedBits(eb, zb, first);
      eb += <usize> popcnt(hidden) << 2;
      nb += before(notBelow(b0, b1, b2, b3, sb), equals(b0, b1, b2, b3, sb), first, tb, lb, live & ~hidden);
      hidden = excludedBits(ec, zc, first);
      ec += <usize> popcnt(hidden) << 2;
      nc += before(notBelow(c0, c1, c2, c3, sc), equals(c0, c1, c2, c3, sc), first, tc, lc, live & ~hidden);
      hidden = excludedBits(ed, zd, first);
      ed += <usize> popcnt(hidden) << 2;
      nd += before(notBelow(d0, d1, d2, d3, sd), equals(d0, d1, d2, d3, sd), first, td, ld, live & ~hidden);
    }
    addRank(ranks, q0, na);
    if (q0 + 1 <= last) addRank(ranks, q1, nb);
    if (q0 + 2 <= last) addRank(ranks, q2, nc);
    if (q0 + 3 <= last) addRank(ranks, q3, nd);
  }
}

/** How many of the items with a bit in `counted` come before the target. */
function before(above: u32, equal: u32, first: u32, target: u32, targetLast: bool, counted: u32): u32 {
  const past: u32 = target < first ? 0 : target - first;
  const lower: u32 = target < first ? 0 : past >= PANEL_ITEMS ? 0xffff : (1 << past) - 1;
  const self: u32 = target >= first && past < PANEL_ITEMS ? <u32> 1 << past : 0;
  const ahead: u32 = targetLast ? 0xffff : (above & ~equal) | (equal & lower);
  return popcnt(ahead & counted & ~self);
}

function isLast(target: u32, excluded: usize, offsets: usize, q: u32): bool {
  const end = load<u32>(offsets + (<usize> q << 2), 4);
  const at = position(excluded, load<u32>(offsets + (<usize> q << 2)), end, target);
  return at < end && load<u32>(excluded + (<usize> at << 2)) == target;
}

function addRank(ranks: usize, q: u32, count: u32): void {
  const at = ranks + (<usize> q << 2);
  store<u32>(at, load<u32>(at) + count);
}
