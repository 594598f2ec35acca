// Sixteen items at a time are put in columns, as `packPanels` does, but into scratch that stays in the first-level cache:
// there every query of a tile scores them, four at a time. So the table is read once a tile and never copied as a whole.
//
// A score that beats the worst of a query's best so far goes to the end of its list of candidates. Where the list is full
// it is cut to the best `count`, which raises the threshold. So nearly every score costs a comparison and no
// more: of a hundred thousand random ones a few hundred are candidates for ten places.
import { candidate, keepBest, rowOf, scoreOf, sort } from "./_select.as";

const PANEL_ITEMS: u32 = 16;
const NONE: u32 = 0xffffffff;
const LOWEST: f32 = -3.4e38;

/** Pieces that the queries are cut into at most, and queries that a piece has at least. */
const MAXIMUM_RUNS: u32 = 64;
const LEAST_RUN: u32 = 8;

/** Queries that go through the table together. */
const TILE_QUERIES: u32 = 32;

/** Bytes of a tile's room for scores, and of what is known of one query: the fields below. */
const ROOM: usize = 64;
const STATE: usize = 32;

// The worst score to beat, the list's end, the next of its excluded items and the end of these, and the candidate that
// all are to come after.
const WORST: usize = 0;
const LIST_END: usize = 4;
const EXCLUDED: usize = 8;
const EXCLUDED_END: usize = 12;
const AFTER: usize = 16;

export function topItems(
  query: usize,
  table: usize,
  offsets: usize,
  excluded: usize,
  scratch: usize,
  top: usize,
  scores: usize,
  queries: u32,
  firstQuery: u32,
  items: u32,
  firstRow: u32,
  width: u32,
  found: u32,
  count: u32,
  stride: u32,
  begin: u32,
  end: u32,
): void {
  const bytes = <usize> width << 2;
  const run = max(LEAST_RUN, (queries + 4 * MAXIMUM_RUNS - 1) / (4 * MAXIMUM_RUNS) * 4);
  const capacity = <usize> (count + max(64, count >> 1)) << 3;
  const tileQueries = min(TILE_QUERIES, run);
  const lists = ROOM + tileQueries * STATE + PANEL_ITEMS * bytes;
  table += <usize> firstRow * bytes;
  for (let piece = begin; piece < end; piece++) {
    const room = scratch + <usize> piece * (lists + tileQueries * capacity);
    const states = room + ROOM, panel = states + tileQueries * STATE, list = room + lists;
    const last = min((piece + 1) * run, queries);
    for (let first = piece * run; first < last; first += tileQueries) {
      const tile = min(tileQueries, last - first);
      for (let q: u32 = 0; q < tile; q++) {
        const at = <usize> (first + q) * stride + found << 2;
        let after = u64.MAX_VALUE;
        if (found) {
          const row = load<u32>(top + at - 4);
          after = row == NONE ? 0 : candidate(load<f32>(scores + at - 4), row);
        }
        const state = states + q * STATE;
        store<f32>(state, -Infinity, WORST);
        store<u32>(state, <u32> (list + q * capacity), LIST_END);
        const bounds = offsets + (<usize> (first + q) << 2);
        store<u32>(state, <u32> (excluded + (<usize> load<u32>(bounds) << 2)), EXCLUDED);
        store<u32>(state, <u32> (excluded + (<usize> load<u32>(bounds, 4) << 2)), EXCLUDED_END);
        store<u64>(state, after, AFTER);
      }
      // What stands in for a query in the last four beats nothing
      for (let q = tile; q & 3; q++) store<f32>(states + q * STATE, Infinity, WORST);
      const rows = query + <usize> (firstQuery + first) * bytes;
      for (let item: u32 = 0; item < items; item += PANEL_ITEMS) {
        packPanel(table, panel, item, items, bytes);
        for (let q: u32 = 0; q < tile; q += 4) {
          scoreTile(
            rows + q * bytes,
            panel,
            bytes,
            room,
            states + q * STATE,
            list + q * capacity,
            capacity,
            min(4, tile - q),
            item,
            items,
            count,
          );
        }
      }
      for (let q: u32 = 0; q < tile; q++) {
        const at = <usize> (first + q) * stride + found << 2;
        const from = list + q * capacity;
        writeBest(from, load<u32>(states + q * STATE, LIST_END), top + at, scores + at, count);
      }
    }
  }
}

/** Sixteen rows of the table in columns, eight and eight. The last row stands in for those past it. */
function packPanel(table: usize, panel: usize, item: u32, items: u32, bytes: usize): void {
  for (let four: u32 = 0; four < PANEL_ITEMS; four += 4) {
    const first = item + four, last = items - 1;
    const a = table + min(first, last) * bytes, b = table + min(first + 1, last) * bytes;
    const c = table + min(first + 2, last) * bytes, d = table + min(first + 3, last) * bytes;
    let to = panel + (four >> 3) * (bytes << 3) + ((four & 4) << 2);
    for (let at: usize = 0; at < bytes; at += 16, to += 128) {
      const w = v128.load(a + at), x = v128.load(b + at), y = v128.load(c + at), z = v128.load(d + at);
      const wx = v128.shuffle<f32>(w, x, 0, 4, 1, 5), yz = v128.shuffle<f32>(y, z, 0, 4, 1, 5);
      const wx2 = v128.shuffle<f32>(w, x, 2, 6, 3, 7), yz2 = v128.shuffle<f32>(y, z, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f32>(wx, yz, 0, 1, 4, 5));
      v128.store(to, v128.shuffle<f32>(wx, yz, 2, 3, 6, 7), 32);
      v128.store(to, v128.shuffle<f32>(wx2, yz2, 0, 1, 4, 5), 64);
      v128.store(to, v128.shuffle<f32>(wx2, yz2, 2, 3, 6, 7), 96);
    }
  }
}

/** Scores a panel for four queries, or fewer, and keeps what beats the worst of each. */
function scoreTile(
  query: usize,
  panel: usize,
  bytes: usize,
  room: usize,
  state: usize,
  list: usize,
  capacity: usize,
  live: u32,
  item: u32,
  items: u32,
  count: u32,
): void {
  const lowest = f32x4.splat(LOWEST);
  // A short tile repeats its last query, for no second copy of this loop
  const second = live > 1 ? query + bytes : query, third = live > 2 ? second + bytes : second;
  const fourth = live > 3 ? third + bytes : third;
  let p = panel;
  for (const last = item + PANEL_ITEMS; item < last; item += 8) {
    let a = query, b = second, c = third, d = fourth;
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
    for (const end = query + bytes; a < end;) {
      let p0 = v128.load(p), p1 = v128.load(p, 16);
      let w = v128.load32_splat(a);
      a0 = f32x4.add(a0, f32x4.mul(w, p0));
      a1 = f32x4.add(a1, f32x4.mul(w, p1));
      w = v128.load32_splat(b);
      b0 = f32x4.add(b0, f32x4.mul(w, p0));
      b1 = f32x4.add(b1, f32x4.mul(w, p1));
      w = v128.load32_splat(c);
      c0 = f32x4.add(c0, f32x4.mul(w, p0));
      c1 = f32x4.add(c1, f32x4.mul(w, p1));
      w = v128.load32_splat(d);
      d0 = f32x4.add(d0, f32x4.mul(w, p0));
      d1 = f32x4.add(d1, f32x4.mul(w, p1));
      p0 = v128.load(p, 32);
      p1 = v128.load(p, 48);
      w = v128.load32_splat(a, 4);
      a0 = f32x4.add(a0, f32x4.mul(w, p0));
      a1 = f32x4.add(a1, f32x4.mul(w, p1));
      w = v128.load32_splat(b, 4);
      b0 = f32x4.add(b0, f32x4.mul(w, p0));
      b1 = f32x4.add(b1, f32x4.mul(w, p1));
      w = v128.load32_splat(c, 4);
      c0 = f32x4.add(c0, f32x4.mul(w, p0));
      c1 = f32x4.add(c1, f32x4.mul(w, p1));
      w = v128.load32_splat(d, 4);
      d0 = f32x4.add(d0, f32x4.mul(w, p0));
      d1 = f32x4.add(d1, f32x4.mul(w, p1));
      p += 64;
      a += 8;
      b += 8;
      c += 8;
      d += 8;
    }
    // pmax(a, b) is a < b ? b : a, so NaN gives way too
    a0 = f32x4.pmax(lowest, a0), a1 = f32x4.pmax(lowest, a1);
    b0 = f32x4.pmax(lowest, b0), b1 = f32x4.pmax(lowest, b1);
    c0 = f32x4.pmax(lowest, c0), c1 = f32x4.pmax(lowest, c1);
    d0 = f32x4.pmax(lowest, d0), d1 = f32x4.pmax(lowest, d1);
    const wa = v128.load32_splat(state, WORST), wb = v128.load32_splat(state, STATE + WORST);
    const wc = v128.load32_splat(state, 2 * STATE + WORST), wd = v128.load32_splat(state, 3 * STATE + WORST);
    // Items come in ascending order, so one that only equals the worst comes after it
    const better = v128.or(
      v128.or(
        v128.or(f32x4.gt(a0, wa), f32x4.gt(a1, wa)),
        v128.or(f32x4.gt(b0, wb), f32x4.gt(b1, wb)),
      ),
      v128.or(
        v128.or(f32x4.gt(c0, wc), f32x4.gt(c1, wc)),
        v128.or(f32x4.gt(d0, wd), f32x4.gt(d1, wd)),
      ),
    );
    if (!v128.any_true(better)) continue;
    keep(a0, a1, wa, room, state, list, capacity, item, items, count);
    keep(b0, b1, wb, room, state + STATE, list + capacity, capacity, item, items, count);
    keep(c0, c1, wc, room, state + 2 * STATE, list + 2 * capacity, capacity, item, items, count);
    keep(d0, d1, wd, room, state + 3 * STATE, list + 3 * capacity, capacity, item, items, count);
  }
}

/** Puts those of eight items that beat the worst, and are not excluded, among a query's candidates. */
function keep(
  s0: v128,
  s1: v128,
  worst: v128,
  room: usize,
  state: usize,
  list: usize,
  capacity: usize,
  item: u32,
  items: u32,
  count: u32,
): void {
  let better: u32 = i32x4.bitmask(f32x4.gt(s0, worst)) | i32x4.bitmask(f32x4.gt(s1, worst)) << 4;
  if (!better) return;
  v128.store(room, s0);
  v128.store(room, s1, 16);
  let at = load<u32>(state, EXCLUDED), to = <usize> load<u32>(state, LIST_END);
  const atEnd = load<u32>(state, EXCLUDED_END), after = load<u64>(state, AFTER);
  for (; better; better &= better - 1) {
    const lane = ctz(better), row = item + lane;
    if (row >= items) break;
    while (at < atEnd && load<u32>(at) < row) at += 4;
    if (at < atEnd && load<u32>(at) == row) continue;
    const next = candidate(load<f32>(room + (<usize> lane << 2)), row);
    if (next >= after) continue;
    store<u64>(to, next);
    to += 8;
    if (to == list + capacity) {
      store<f32>(state, scoreOf(keepBest(list, to, count)), WORST);
      to = list + (<usize> count << 3);
    }
  }
  store<u32>(state, at, EXCLUDED);
  store<u32>(state, <u32> to, LIST_END);
}

/** Writes the best `count` of a list of candidates in order, and fills up what it has too few of. */
function writeBest(list: usize, end: usize, top: usize, scores: usize, count: u32): void {
  const wanted = list + (<usize> count << 3);
  if (end > wanted) {
    keepBest(list, end, count);
    end = wanted;
  }
  sort(list, end);
  for (; list < wanted; list += 8, top += 4, scores += 4) {
    const next = list < end ? load<u64>(list) : 0;
    store<u32>(top, list < end ? rowOf(next) : NONE);
    store<f32>(scores, list < end ? scoreOf(next) : 0);
  }
}
