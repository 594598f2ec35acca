// Edges are walked once for every panel, and in it once for every 32, 16 and 4 columns, whose sums then stay in registers.
// They go two at a time, which halves the loop's own cost. Rows are short, so what is done once a row counts: it takes no
// call, and asks for the factors of the epilogue once.
import { report } from "../_row_gradient.as";

/** Mirrors `Entries`. */
const WEIGHTED: u32 = 0, ONES: u32 = 1, WITHIN: u32 = 2;

// What is the same for all of a launch. Each thread has an instance of the module, and so globals, of its own.
let offsetsAt: usize, columnsAt: usize, valuesAt: usize, hubStride: usize;
let hubsFrom: u32, kind: u32, reported: u32;
let keepFactor: f32, neighbourFactor: f32, ownFactor: f32;

export function propagate(
  rowOffsets: usize,
  columns: usize,
  values: usize,
  source: usize,
  partials: usize,
  addend: usize,
  output: usize,
  status: usize,
  rows: u32,
  sourceRows: u32,
  quads: u32,
  panel: u32,
  outputPanel: u32,
  entries: u32,
  turn: u32,
  step: u32,
  keep: f32,
  neighbour: f32,
  own: f32,
  begin: u32,
  end: u32,
): void {
  if (turn != 0 && load<u32>(status) < turn) return;
  offsetsAt = rowOffsets;
  columnsAt = columns;
  valuesAt = values;
  hubStride = <usize> quads << 4;
  hubsFrom = sourceRows;
  kind = entries;
  reported = step;
  keepFactor = keep;
  neighbourFactor = neighbour;
  ownFactor = own;
  // 0 until some result is not finite, and from then on NaN
  let bad = f32x4.splat(0);
  for (let item = begin; item < end;) {
    const first = item / rows * panel, row = item % rows;
    const rowsEnd = min(rows, row + (end - item));
    item += rowsEnd - row;
    const bytes = <usize> min(panel, quads - first) << 4;
    const packed = outputPanel == panel;
    const toStride = packed ? bytes : hubStride;
    let to = output + (packed ? <usize> (rows * first) << 4 : <usize> first << 4);
    let from = source + (<usize> (sourceRows * first) << 4), add = addend + (<usize> (rows * first) << 4);
    let hubs = partials == 0 ? 0 : partials - <usize> sourceRows * hubStride + (<usize> first << 4);
    for (let left = bytes; left > 0;) {
      const done: usize = left >= 128 ? 128 : left >= 64 ? 64 : 16;
      const found = entries == WEIGHTED
        ? some<f32>(left, from, bytes, hubs, add, to, toStride, row, rowsEnd)
        : some<u32>(left, from, bytes, hubs, add, to, toStride, row, rowsEnd);
      bad = f32x4.add(bad, found);
      from += done;
      add += done;
      to += done;
      if (hubs != 0) hubs += done;
      left -= done;
    }
  }
  if (v128.any_true(f32x4.ne(bad, bad))) report(status, step);
}

/** As many of the `left` bytes of some rows as there is a loop for: see {@linkcode run}. */
function some<Weight>(
  left: usize,
  from: usize,
  stride: usize,
  hubs: usize,
  add: usize,
  to: usize,
  toStride: usize,
  row: u32,
  rowsEnd: u32,
): v128 {
  if (stride == 128) return run<u64, Weight>(from, stride, hubs, add, to, toStride, row, rowsEnd);
  if (left >= 128) return run<f64, Weight>(from, stride, hubs, add, to, toStride, row, rowsEnd);
  if (left >= 64) return run<u32, Weight>(from, stride, hubs, add, to, toStride, row, rowsEnd);
  return run<u8, Weight>(from, stride, hubs, add, to, toStride, row, rowsEnd);
}

/**
 * As many quads of some rows as the size of `Width` in bytes; where it is u64, of panels of 8. Edges have weights where
 * `Weight` is f32, and count 1 each where it is u32.
 *
 * @returns 0 if what is stored is finite, and NaN if not.
 */
function run<Width, Weight>(
  source: usize,
  sourceStride: usize,
  hubs: usize,
  addend: usize,
  output: usize,
  outputStride: usize,
  row: u32,
  rowsEnd: u32,
): v128 {
  const stride: usize = sizeof<Width>() == 8 && isInteger<Width>() ? 128 : sourceStride;
  const rowOffsets = offsetsAt, columns = columnsAt, values = valuesAt, entries = kind, step = reported;
  const keep = keepFactor, neighbour = neighbourFactor, own = ownFactor, sourceRows = hubsFrom;
  let bad = f32x4.splat(0);
  let edge = columns + (<usize> load<u32>(rowOffsets + (<usize> row << 2)) << 2);
  let weight = values + (edge - columns);
  let add = addend + <usize> row * sourceStride, to = output + <usize> row * outputStride;
  for (; row < rowsEnd; row++, add += sourceStride, to += outputStride) {
    const edgesEnd = columns + (<usize> load<u32>(rowOffsets + (<usize> row << 2), 4) << 2);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    if (hubs != 0 && edge < edgesEnd && load<u32>(edge) >= sourceRows) {
      for (; edge < edgesEnd; edge += 4) {
        const a = hubs + <usize> load<u32>(edge) * hubStride;
        s0 = f32x4.add(s0, v128.load(a));
        if (sizeof<Width>() > 1) {
          s1 = f32x4.add(s1, v128.load(a, 16));
          s2 = f32x4.add(s2, v128.load(a, 32));
          s3 = f32x4.add(s3, v128.load(a, 48));
        }
        if (sizeof<Width>() > 4) {
          s4 = f32x4.add(s4, v128.load(a, 64));
          s5 = f32x4.add(s5, v128.load(a, 80));
          s6 = f32x4.add(s6, v128.load(a, 96));
          s7 = f32x4.add(s7, v128.load(a, 112));
        }
      }
      weight = values + (edge - columns);
    } else {
      for (; edge + 4 < edgesEnd; edge += 8) {
        const pair = load<u64>(edge);
        const a = source + <usize> <u32> pair * stride;
        const b = source + <usize> <u32> (pair >> 32) * stride;
        let wa = s0, wb = s0;
        if (isFloat<Weight>()) {
          wa = v128.load32_splat(weight);
          wb = v128.load32_splat(weight, 4);
          weight += 8;
        }
        s0 = f32x4.add(s0, both<Weight>(wa, v128.load(a), wb, v128.load(b)));
        if (sizeof<Width>() > 1) {
          s1 = f32x4.add(s1, both<Weight>(wa, v128.load(a, 16), wb, v128.load(b, 16)));
          s2 = f32x4.add(s2, both<Weight>(wa, v128.load(a, 32), wb, v128.load(b, 32)));
          s3 = f32x4.add(s3, both<Weight>(wa, v128.load(a, 48), wb, v128.load(b, 48)));
        }
        if (sizeof<Width>() > 4) {
          s4 = f32x4.add(s4, both<Weight>(wa, v128.load(a, 64), wb, v128.load(b, 64)));
          s5 = f32x4.add(s5, both<Weight>(wa, v128.load(a, 80), wb, v128.load(b, 80)));
          s6 = f32x4.add(s6, both<Weight>(wa, v128.load(a, 96), wb, v128.load(b, 96)));
          s7 = f32x4.add(s7, both<Weight>(wa, v128.load(a, 112), wb, v128.load(b, 112)));
        }
      }
      if (edge < edgesEnd) {
        const a = source + <usize> load<u32>(edge) * stride;
        let wa = s0;
        if (isFloat<Weight>()) {
          wa = v128.load32_splat(weight);
          weight += 4;
        }
        s0 = f32x4.add(s0, once<Weight>(wa, v128.load(a)));
        if (sizeof<Width>() > 1) {
          s1 = f32x4.add(s1, once<Weight>(wa, v128.load(a, 16)));
          s2 = f32x4.add(s2, once<Weight>(wa, v128.load(a, 32)));
          s3 = f32x4.add(s3, once<Weight>(wa, v128.load(a, 48)));
        }
        if (sizeof<Width>() > 4) {
          s4 = f32x4.add(s4, once<Weight>(wa, v128.load(a, 64)));
          s5 = f32x4.add(s5, once<Weight>(wa, v128.load(a, 80)));
          s6 = f32x4.add(s6, once<Weight>(wa, v128.load(a, 96)));
          s7 = f32x4.add(s7, once<Weight>(wa, v128.load(a, 112)));
        }
        edge += 4;
      }
    }
    let n = f32x4.splat(neighbour), o = f32x4.splat(own);
    if (!isFloat<Weight>() && entries > ONES) {
      const scale = load<f32>(values + (<usize> row << 2));
      n = f32x4.splat(entries == WITHIN ? neighbour * scale * scale : neighbour * scale);
      if (entries != WITHIN) o = f32x4.splat(own / scale);
    }
    s0 = f32x4.mul(n, s0);
    if (sizeof<Width>() > 1) {
      s1 = f32x4.mul(n, s1);
      s2 = f32x4.mul(n, s2);
      s3 = f32x4.mul(n, s3);
    }
    if (sizeof<Width>() > 4) {
      s4 = f32x4.mul(n, s4);
      s5 = f32x4.mul(n, s5);
      s6 = f32x4.mul(n, s6);
      s7 = f32x4.mul(n, s7);
    }
    if (own != 0) {
      s0 = f32x4.add(s0, f32x4.mul(o, v128.load(add)));
      if (sizeof<Width>() > 1) {
        s1 = f32x4.add(s1, f32x4.mul(o, v128.load(add, 16)));
        s2 = f32x4.add(s2, f32x4.mul(o, v128.load(add, 32)));
        s3 = f32x4.add(s3, f32x4.mul(o, v128.load(add, 48)));
      }
      if (sizeof<Width>() > 4) {
        s4 = f32x4.add(s4, f32x4.mul(o, v128.load(add, 64)));
        s5 = f32x4.add(s5, f32x4.mul(o, v128.load(add, 80)));
        s6 = f32x4.add(s6, f32x4.mul(o, v128.load(add, 96)));
        s7 = f32x4.add(s7, f32x4.mul(o, v128.load(add, 112)));
      }
    }
    if (keep != 0) {
      const k = f32x4.splat(keep);
      s0 = f32x4.add(s0, f32x4.mul(k, v128.load(to)));
      if (sizeof<Width>() > 1) {
        s1 = f32x4.add(s1, f32x4.mul(k, v128.load(to, 16)));
        s2 = f32x4.add(s2, f32x4.mul(k, v128.load(to, 32)));
        s3 = f32x4.add(s3, f32x4.mul(k, v128.load(to, 48)));
      }
      if (sizeof<Width>() > 4) {
        s4 = f32x4.add(s4, f32x4.mul(k, v128.load(to, 64)));
        s5 = f32x4.add(s5, f32x4.mul(k, v128.load(to, 80)));
        s6 = f32x4.add(s6, f32x4.mul(k, v128.load(to, 96)));
        s7 = f32x4.add(s7, f32x4.mul(k, v128.load(to, 112)));
      }
    }
    v128.store(to, s0);
    if (sizeof<Width>() > 1) {
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
    }
    if (sizeof<Width>() > 4) {
      v128.store(to, s4, 64);
      v128.store(to, s5, 80);
      v128.store(to, s6, 96);
      v128.store(to, s7, 112);
    }
    if (step != 0) {
      bad = f32x4.add(bad, f32x4.sub(s0, s0));
      if (sizeof<Width>() > 1) {
        bad = f32x4.add(bad, f32x4.add(f32x4.sub(s1, s1), f32x4.add(f32x4.sub(s2, s2), f32x4.sub(s3, s3))));
      }
      if (sizeof<Width>() > 4) {
        bad = f32x4.add(bad, f32x4.add(f32x4.sub(s4, s4), f32x4.sub(s5, s5)));
        bad = f32x4.add(bad, f32x4.add(f32x4.sub(s6, s6), f32x4.sub(s7, s7)));
      }
    }
  }
  return bad;
}

function both<Weight>(wa: v128, a: v128, wb: v128, b: v128): v128 {
  return isFloat<Weight>() ? f32x4.add(f32x4.mul(wa, a), f32x4.mul(wb, b)) : f32x4.add(a, b);
}

function once<Weight>(wa: v128, a: v128): v128 {
  return isFloat<Weight>() ? f32x4.mul(wa, a) : a;
}
