import { dropout4 } from "../_philox.as";
import { exp4 } from "../_math.as";
import {
  addDistanceTile,
  addTile,
  attended as visible,
  combine,
  distanceTile,
  dot,
  dotTile,
  exponentials,
  max4,
  tile0,
  tile1,
  tile2,
  tile3,
  transposeTile,
} from "../_tile.as";

/** Minus the squared distances over the root of the width, and -Infinity where there is nothing to attend. */
function logits(means: v128, deviations: v128, root: v128, mask: v128): v128 {
  return v128.bitselect(f32x4.mul(f32x4.add(means, deviations), root), f32x4.splat(-Infinity), mask);
}

export function gaussianAttention(
  mean: usize,
  deviation: usize,
  offsets: usize,
  output: usize,
  normaliser: usize,
  scratch: usize,
  segments: usize,
  tokens: usize,
  heads: usize,
  quads: usize,
  attended: u32,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  begin: usize,
  end: usize,
): void {
  const part = quads << 4, stride = part * 3, width = part / heads;
  const roots = f32x4.splat(<f32> -1 / Mathf.sqrt(<f32> (width >> 2)));
  const low = f32x4.splat(-Infinity);
  for (let segment = begin; segment < end; segment++) {
    const first = <usize> load<u32>(offsets + (segment << 2));
    const count = <usize> load<u32>(offsets + (segment << 2), 4) - first;
    if (count == 0) continue;
    const last = count - 1;
    const rowBytes = ((count + 3) >> 2) << 4;
    const rows = scratch + (first << 5);
    for (let head: usize = 0; head < heads; head++) {
      const query = mean + first * stride + head * width, key = query + part;
      const other = deviation - mean;
      for (let i0: usize = 0; i0 < count; i0 += 4) {
        // A short tile repeats its last query, which writes the same once more
        const i1 = min(i0 + 1, last), i2 = min(i0 + 2, last), i3 = min(i0 + 3, last);
        const q0 = query + i0 * stride, q1 = query + i1 * stride;
        const q2 = query + i2 * stride, q3 = query + i3 * stride;
        const row0 = rows, row1 = rows + (i1 - i0) * rowBytes;
        const row2 = rows + (i2 - i0) * rowBytes, row3 = rows + (i3 - i0) * rowBytes;
        const keys = i3 + 1, rowQuads = (keys + 3) >> 2;
        let top0 = low, top1 = low, top2 = low, top3 = low;
        for (let quad: usize = 0; quad < rowQuads; quad++) {
          const j = quad << 2;
          const k0 = key + j * stride, k1 = key + min(j + 1, last) * stride;
          const k2 = key + min(j + 2, last) * stride, k3 = key + min(j + 3, last) * stride;
          distanceTile(q0, q1, q2, q3, k0, k1, k2, k3, width);
          let s0 = tile0, s1 = tile1, s2 = tile2, s3 = tile3;
          distanceTile(
            q0 + other,
            q1 + other,
            q2 + other,
            q3 + other,
            k0 + other,
            k1 + other,
            k2 + other,
            k3 + other,
            width,
          );
          s0 = logits(s0, tile0, roots, visible(<i32> j, <i32> i0));
          s1 = logits(s1, tile1, roots, visible(<i32> j, <i32> i1));
          s2 = logits(s2, tile2, roots, visible(<i32> j, <i32> i2));
          s3 = logits(s3, tile3, roots, visible(<i32> j, <i32> i3));
          top0 = f32x4.max(top0, s0);
          top1 = f32x4.max(top1, s1);
          top2 = f32x4.max(top2, s2);
          top3 = f32x4.max(top3, s3);
          const at = quad << 4;
          v128.store(row0 + at, s0);
          v128.store(row1 + at, s1);
          v128.store(row2 + at, s2);
          v128.store(row3 + at, s3);
        }
        let factors = f32x4.splat(0);
        for (let r: usize = 0; r < 4 && i0 + r <= last; r++) {
          const top = max4(r == 0 ? top0 : r == 1 ? top1 : r == 2 ? top2 : top3);
          const counter = (first + i0 + r) * heads + head;
          const row = rows + r * rowBytes;
          const sum = exponentials(row, rowQuads, top, seed, step, site, threshold, scale, 0, counter);
          store<f32>(normaliser + (counter << 2), top + Mathf.log(sum));
          // Lanes from r on: those past the last query are as the last one
          const from = i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(<i32> r));
          factors = v128.bitselect(f32x4.splat(<f32> 1 / sum), factors, from);
        }
        const to = output + first * part * 2 + head * width;
        const o0 = to + i0 * part * 2, o1 = to + i1 * part * 2, o2 = to + i2 * part * 2, o3 = to + i3 * part * 2;
        const value = key + part;
        if (attended) {
          combine(o0, o1, o2, o3, row0, row1, row2, row3, keys, value, stride, width, factors, 0, factors);
        }
        for (let r: usize = 0; r < 4 && i0 + r <= last; r++) {
          for (let at = rows + r * rowBytes, to = at + (rowQuads << 4); at < to; at += 16) {
            const weight = v128.load(at);
            v128.store(at, f32x4.mul(weight, weight));
          }
        }
        combine(
          o0 + part,
          o1 + part,
          o2 + part,
          o3 + part,
          row0,
          row1,
          row2,
          row3,
          keys,
          value + other,
          stride,
          width,
          f32x4.mul(factors, factors),
          0,
          factors,
        );
      }
    }
  }
}

export function gaussianAttentionGradient(
  mean: usize,
  deviation: usize,
  offsets: usize,
  normaliser: usize,
  output: usize,
  outputGradient: usize,
  meanGradient: usize,
  deviationGradient: usize,
  segments: usize,
  tokens: usize,
  heads: usize,
  quads: usize,
  attended: u32,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  begin: usize,
  end: usize,
): void {
  const part = quads << 4, stride = part * 3, width = part / heads;
  const roots = f32x4.splat(<f32> -1 / Mathf.sqrt(<f32> (width >> 2)));
  // The gradient of a square takes 2, the one of a logit minus the root
  const slopes = f32x4.mul(f32x4.splat(2), roots);
  const other = deviation - mean, meanShift = meanGradient - mean, otherShift = deviationGradient - deviation;
  for (let segment = begin; segment < end; segment++) {
    const first = <usize> load<u32>(offsets + (segment << 2));
    const count = <usize> load<u32>(offsets + (segment << 2), 4) - first;
    if (count == 0) continue;
    const last = count - 1;
    for (let i: usize = 0; i < count; i++) {
      memory.fill(meanGradient + (first + i) * stride, 0, attended ? stride : part * 2);
    }
    memory.fill(deviationGradient + first * stride, 0, count * stride);
    for (let head: usize = 0; head < heads; head++) {
      const query = mean + first * stride + head * width, key = query + part, value = key + part;
      const out = output + first * part * 2 + head * width;
      const dOut = outputGradient + first * part * 2 + head * width;
      for (let i0: usize = 0; i0 < count; i0 += 4) {
        // A short tile repeats its last query, with probabilities of 0
        const i1 = min(i0 + 1, last), i2 = min(i0 + 2, last), i3 = min(i0 + 3, last);
        const q0 = query + i0 * stride, q1 = query + i1 * stride;
        const q2 = query + i2 * stride, q3 = query + i3 * stride;
        const m0 = dOut + i0 * part * 2, m1 = dOut + i1 * part * 2;
        const m2 = dOut + i2 * part * 2, m3 = dOut + i3 * part * 2;
        const c0 = m0 + part, c1 = m1 + part, c2 = m2 + part, c3 = m3 + part;
        const counter = (first + i0) * heads + head;
        const norm0 = v128.load32_splat(normaliser + (counter << 2));
        const norm1 = v128.load32_splat(normaliser + (((first + i1) * heads + head) << 2));
        const norm2 = v128.load32_splat(normaliser + (((first + i2) * heads + head) << 2));
        const norm3 = v128.load32_splat(normaliser + (((first + i3) * heads + head) << 2));
        const delta0 = delta(m0, out + i0 * part * 2, part, width, attended);
        const delta1 = delta(m1, out + i1 * part * 2, part, width, attended);
        const delta2 = delta(m2, out + i2 * part * 2, part, width, attended);
        const delta3 = delta(m3, out + i3 * part * 2, part, width, attended);
        const j1 = i0 + 1 > last ? -1 : <i32> i1;
        const j2 = i0 + 2 > last ? -1 : <i32> i2;
        const j3 = i0 + 3 > last ? -1 : <i32> i3;
        const rowQuads = (i3 + 4) >> 2;
        for (let quad: usize = 0; quad < rowQuads; quad++) {
          const j = quad << 2;
          const at0 = j * stride, at1 = min(j + 1, last) * stride;
          const at2 = min(j + 2, last) * stride, at3 = min(j + 3, last) * stride;
          const k0 = key + at0, k1 = key + at1, k2 = key + at2, k3 = key + at3;
          distanceTile(q0, q1, q2, q3, k0, k1, k2, k3, width);
          let p0 = tile0, p1 = tile1, p2 = tile2, p3 = tile3;
          distanceTile(
            q0 + other,
            q1 + other,
            q2 + other,
            q3 + other,
            k0 + other,
            k1 + other,
            k2 + other,
            k3 + other,
            width,
          );
          p0 = v128.and(exp4(f32x4.sub(f32x4.mul(f32x4.add(p0, tile0), roots), norm0)), visible(<i32> j, <i32> i0));
          p1 = v128.and(exp4(f32x4.sub(f32x4.mul(f32x4.add(p1, tile1), roots), norm1)), visible(<i32> j, <i32> j1));
          p2 = v128.and(exp4(f32x4.sub(f32x4.mul(f32x4.add(p2, tile2), roots), norm2)), visible(<i32> j, <i32> j2));
          p3 = v128.and(exp4(f32x4.sub(f32x4.mul(f32x4.add(p3, tile3), roots), norm3)), visible(<i32> j, <i32> j3));
          const f0 = dropout4(seed, step, site, threshold, scale, <u32> quad, <u32> counter);
          const f1 = dropout4(seed, step, site, threshold, scale, <u32> quad, <u32> (counter + heads));
          const f2 = dropout4(seed, step, site, threshold, scale, <u32> quad, <u32> (counter + 2 * heads));
          const f3 = dropout4(seed, step, site, threshold, scale, <u32> quad, <u32> (counter + 3 * heads));
          const w0 = f32x4.mul(p0, f0), w1 = f32x4.mul(p1, f1), w2 = f32x4.mul(p2, f2), w3 = f32x4.mul(p3, f3);
          const v0 = value + at0, v1 = value + at1, v2 = value + at2, v3 = value + at3;
          dotTile(c0, c1, c2, c3, v0 + other, v1 + other, v2 + other, v3 + other, width);
          let s0 = f32x4.mul(f32x4.add(w0, w0), tile0), s1 = f32x4.mul(f32x4.add(w1, w1), tile1);
          let s2 = f32x4.mul(f32x4.add(w2, w2), tile2), s3 = f32x4.mul(f32x4.add(w3, w3), tile3);
          if (attended) {
            dotTile(m0, m1, m2, m3, v0, v1, v2, v3, width);
            s0 = f32x4.add(s0, tile0);
            s1 = f32x4.add(s1, tile1);
            s2 = f32x4.add(s2, tile2);
            s3 = f32x4.add(s3, tile3);
          }
          s0 = f32x4.mul(f32x4.mul(p0, f32x4.sub(f32x4.mul(f0, s0), delta0)), slopes);
          s1 = f32x4.mul(f32x4.mul(p1, f32x4.sub(f32x4.mul(f1, s1), delta1)), slopes);
          s2 = f32x4.mul(f32x4.mul(p2, f32x4.sub(f32x4.mul(f2, s2), delta2)), slopes);
          s3 = f32x4.mul(f32x4.mul(p3, f32x4.sub(f32x4.mul(f3, s3), delta3)), slopes);
          addDistanceTile(q0, q1, q2, q3, k0, k1, k2, k3, meanShift, width, s0, s1, s2, s3);
          addDistanceTile(
            q0 + other,
            q1 + other,
            q2 + other,
            q3 + other,
            k0 + other,
            k1 + other,
            k2 + other,
            k3 + other,
            otherShift,
            width,
            s0,
            s1,
            s2,
            s3,
          );
          transposeTile(w0, w1, w2, w3);
          const t0 = tile0, t1 = tile1, t2 = tile2, t3 = tile3;
          if (attended) {
            addTile(
              v0 + meanShift,
              v1 + meanShift,
              v2 + meanShift,
              v3 + meanShift,
              m0,
              m1,
              m2,
              m3,
              width,
              t0,
              t1,
              t2,
              t3,
            );
          }
          const shift = other + otherShift;
          addTile(
            v0 + shift,
            v1 + shift,
            v2 + shift,
            v3 + shift,
            c0,
            c1,
            c2,
            c3,
            width,
            f32x4.mul(t0, t0),
            f32x4.mul(t1, t1),
            f32x4.mul(t2, t2),
            f32x4.mul(t3, t3),
          );
        }
      }
    }
  }
}

/** What the softmax takes off each gradient of a row of weights. */
function delta(dOut: usize, out: usize, part: usize, width: usize, attended: u32): v128 {
  let sum: f32 = 2 * dot(dOut + part, out + part, width);
  if (attended) sum += dot(dOut, out, width);
  return f32x4.splat(sum);
}
