// Edges are walked once for every panel, and in it once for every 32 columns, whose eight sums then stay in registers.
// They go two at a time, which halves the loop's own cost and keeps the order of the sums. Rows are short, so what is done
// once a row counts: 32 columns take no call, and ask for the factors of the epilogue once.
import { report } from "../_row_gradient.as";

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
  turn: u32,
  step: u32,
  keep: f32,
  neighbour: f32,
  own: f32,
  begin: u32,
  end: u32,
): void {
  if (turn != 0 && load<u32>(status) < turn) return;
  // The sum of s - s: 0 until some s is not finite, and from then on NaN.
  let bad = f32x4.splat(0);
  for (let item = begin; item < end;) {
    const first = item / rows * panel;
    const width = min(panel, quads - first);
    let row = item % rows;
    const rowsEnd = min(rows, row + (end - item));
    item += rowsEnd - row;
    for (; row < rowsEnd; row++) {
      const begins = load<u32>(rowOffsets + (<usize> row << 2));
      const ends = load<u32>(rowOffsets + (<usize> row << 2), 4);
      const collects = begins < ends && load<u32>(columns + (<usize> begins << 2)) >= sourceRows;
      const stride = <usize> (collects ? quads : width) << 4;
      const base = collects
        ? partials - <usize> sourceRows * stride + (<usize> first << 4)
        : source + (<usize> (sourceRows * first) << 4);
      const edges = columns + (<usize> begins << 2);
      const edgesEnd = columns + (<usize> ends << 2);
      const weights = values + (<usize> begins << 2);
      const place = rows * first + row * width;
      const addendAt = addend + (<usize> place << 4);
      const outputAt = output + (<usize> (outputPanel == panel ? place : row * quads + first) << 4);
      let at: usize = 0;
      const wide = <usize> (width & ~7) << 4;
      for (; at < wide; at += 128) {
        const from = base + at, addends = addendAt + at, to = outputAt + at;
        let edge = edges, weight = weights;
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        for (; edge + 4 < edgesEnd; edge += 8, weight += 8) {
          const a = from + <usize> load<u32>(edge) * stride;
          const b = from + <usize> load<u32>(edge, 4) * stride;
          const wa = v128.load32_splat(weight);
          const wb = v128.load32_splat(weight, 4);
          s0 = f32x4.add(f32x4.add(s0, f32x4.mul(wa, v128.load(a))), f32x4.mul(wb, v128.load(b)));
          s1 = f32x4.add(f32x4.add(s1, f32x4.mul(wa, v128.load(a, 16))), f32x4.mul(wb, v128.load(b, 16)));
          s2 = f32x4.add(f32x4.add(s2, f32x4.mul(wa, v128.load(a, 32))), f32x4.mul(wb, v128.load(b, 32)));
          s3 = f32x4.add(f32x4.add(s3, f32x4.mul(wa, v128.load(a, 48))), f32x4.mul(wb, v128.load(b, 48)));
          s4 = f32x4.add(f32x4.add(s4, f32x4.mul(wa, v128.load(a, 64))), f32x4.mul(wb, v128.load(b, 64)));
          s5 = f32x4.add(f32x4.add(s5, f32x4.mul(wa, v128.load(a, 80))), f32x4.mul(wb, v128.load(b, 80)));
          s6 = f32x4.add(f32x4.add(s6, f32x4.mul(wa, v128.load(a, 96))), f32x4.mul(wb, v128.load(b, 96)));
          s7 = f32x4.add(f32x4.add(s7, f32x4.mul(wa, v128.load(a, 112))), f32x4.mul(wb, v128.load(b, 112)));
        }
        if (edge < edgesEnd) {
          const a = from + <usize> load<u32>(edge) * stride;
          const wa = v128.load32_splat(weight);
          s0 = f32x4.add(s0, f32x4.mul(wa, v128.load(a)));
          s1 = f32x4.add(s1, f32x4.mul(wa, v128.load(a, 16)));
          s2 = f32x4.add(s2, f32x4.mul(wa, v128.load(a, 32)));
          s3 = f32x4.add(s3, f32x4.mul(wa, v128.load(a, 48)));
          s4 = f32x4.add(s4, f32x4.mul(wa, v128.load(a, 64)));
          s5 = f32x4.add(s5, f32x4.mul(wa, v128.load(a, 80)));
          s6 = f32x4.add(s6, f32x4.mul(wa, v128.load(a, 96)));
          s7 = f32x4.add(s7, f32x4.mul(wa, v128.load(a, 112)));
        }
        const n = f32x4.splat(neighbour);
        s0 = f32x4.mul(n, s0);
        s1 = f32x4.mul(n, s1);
        s2 = f32x4.mul(n, s2);
        s3 = f32x4.mul(n, s3);
        s4 = f32x4.mul(n, s4);
        s5 = f32x4.mul(n, s5);
        s6 = f32x4.mul(n, s6);
        s7 = f32x4.mul(n, s7);
        if (own != 0) {
          const o = f32x4.splat(own);
          s0 = f32x4.add(s0, f32x4.mul(o, v128.load(addends)));
          s1 = f32x4.add(s1, f32x4.mul(o, v128.load(addends, 16)));
          s2 = f32x4.add(s2, f32x4.mul(o, v128.load(addends, 32)));
          s3 = f32x4.add(s3, f32x4.mul(o, v128.load(addends, 48)));
          s4 = f32x4.add(s4, f32x4.mul(o, v128.load(addends, 64)));
          s5 = f32x4.add(s5, f32x4.mul(o, v128.load(addends, 80)));
          s6 = f32x4.add(s6, f32x4.mul(o, v128.load(addends, 96)));
          s7 = f32x4.add(s7, f32x4.mul(o, v128.load(addends, 112)));
        }
        if (keep != 0) {
          const k = f32x4.splat(keep);
          s0 = f32x4.add(s0, f32x4.mul(k, v128.load(to)));
          s1 = f32x4.add(s1, f32x4.mul(k, v128.load(to, 16)));
          s2 = f32x4.add(s2, f32x4.mul(k, v128.load(to, 32)));
          s3 = f32x4.add(s3, f32x4.mul(k, v128.load(to, 48)));
          s4 = f32x4.add(s4, f32x4.mul(k, v128.load(to, 64)));
          s5 = f32x4.add(s5, f32x4.mul(k, v128.load(to, 80)));
          s6 = f32x4.add(s6, f32x4.mul(k, v128.load(to, 96)));
          s7 = f32x4.add(s7, f32x4.mul(k, v128.load(to, 112)));
        }
        if (step != 0) {
          bad = f32x4.add(bad, f32x4.add(f32x4.sub(s0, s0), f32x4.sub(s1, s1)));
          bad = f32x4.add(bad, f32x4.add(f32x4.sub(s2, s2), f32x4.sub(s3, s3)));
          bad = f32x4.add(bad, f32x4.add(f32x4.sub(s4, s4), f32x4.sub(s5, s5)));
          bad = f32x4.add(bad, f32x4.add(f32x4.sub(s6, s6), f32x4.sub(s7, s7)));
        }
        v128.store(to, s0);
        v128.store(to, s1, 16);
        v128.store(to, s2, 32);
        v128.store(to, s3, 48);
        v128.store(to, s4, 64);
        v128.store(to, s5, 80);
        v128.store(to, s6, 96);
        v128.store(to, s7, 112);
      }
      for (; at < <usize> width << 4; at += 16) {
        const s = one(edges, edgesEnd, weights, base + at, stride, addendAt + at, outputAt + at, keep, neighbour, own);
        if (step != 0) bad = f32x4.add(bad, f32x4.sub(s, s));
      }
    }
  }
  if (v128.any_true(f32x4.ne(bad, bad))) report(status, step);
}

/** Four columns, which are stored and returned. */
function one(
  edge: usize,
  end: usize,
  weight: usize,
  base: usize,
  stride: usize,
  addend: usize,
  output: usize,
  keep: f32,
  neighbour: f32,
  own: f32,
): v128 {
  let sum = f32x4.splat(0);
  for (; edge < end; edge += 4, weight += 4) {
    const from = base + <usize> load<u32>(edge) * stride;
    sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weight), v128.load(from)));
  }
  let result = f32x4.mul(f32x4.splat(neighbour), sum);
  if (own != 0) result = f32x4.add(result, f32x4.mul(f32x4.splat(own), v128.load(addend)));
  if (keep != 0) result = f32x4.add(result, f32x4.mul(f32x4.splat(keep), v128.load(output)));
  v128.store(output, result);
  return result;
}
