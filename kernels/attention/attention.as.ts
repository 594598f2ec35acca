import { dropout4 } from "../_philox.as";
import { exp4 } from "../_math.as";
import {
  addTile,
  attended,
  combine,
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

/** How many of the first `pads` positions dropout keeps. */
function keptPads(seed: u32, step: u32, site: u32, threshold: u32, pads: usize, counter: usize): usize {
  if (threshold == 0) return pads;
  let kept: usize = 0;
  for (let first: usize = 0; first < pads; first += 4) {
    const factors = dropout4(seed, step, site, threshold, 1, <u32> (first >> 2), <u32> counter);
    const counted: u32 = pads - first >= 4 ? 15 : (1 << <u32> (pads - first)) - 1;
    kept += popcnt(i32x4.bitmask(f32x4.gt(factors, f32x4.splat(0))) & counted);
  }
  return kept;
}

function exp(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** The logits that a query may attend, and -Infinity for the others. */
function logits(dots: v128, root: v128, mask: v128): v128 {
  return v128.bitselect(f32x4.mul(dots, root), f32x4.splat(-Infinity), mask);
}

export function attention(
  qkv: usize,
  bias: usize,
  offsets: usize,
  output: usize,
  normaliser: usize,
  scratch: usize,
  segments: usize,
  tokens: usize,
  heads: usize,
  quads: usize,
  causal: u32,
  length: usize,
  biasOffset: usize,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  begin: usize,
  end: usize,
): void {
  const part = quads << 4, stride = part * 3, width = part / heads;
  const root: f32 = <f32> 1 / Mathf.sqrt(<f32> (width >> 2)), roots = f32x4.splat(root);
  const low = f32x4.splat(-Infinity);
  for (let segment = begin; segment < end; segment++) {
    const first = <usize> load<u32>(offsets + (segment << 2));
    const count = <usize> load<u32>(offsets + (segment << 2), 4) - first;
    if (count == 0) continue;
    const last = count - 1, pads: usize = length > count ? length - count : 0;
    // Logits start where the quads of the draws do
    const lead: usize = threshold ? pads & 3 : 0;
    const rowBytes = ((lead + count + 3) >> 2) << 4;
    const rows = scratch + (first << 5);
    for (let head: usize = 0; head < heads; head++) {
      const query = qkv + first * stride + head * width;
      const key = query + part, value = key + part;
      const padKey = bias + (biasOffset << 4) + part + head * width, padValue = padKey + part;
      for (let i0: usize = 0; i0 < count; i0 += 4) {
        // A short tile repeats its last query, which writes the same once more
        const i1 = min(i0 + 1, last), i2 = min(i0 + 2, last), i3 = min(i0 + 3, last);
        const q0 = query + i0 * stride, q1 = query + i1 * stride;
        const q2 = query + i2 * stride, q3 = query + i3 * stride;
        const row0 = rows, row1 = rows + (i1 - i0) * rowBytes;
        const row2 = rows + (i2 - i0) * rowBytes, row3 = rows + (i3 - i0) * rowBytes;
        const keys = causal ? i3 + 1 : count, rowQuads = (lead + keys + 3) >> 2;
        const j0 = causal ? i0 : last, j1 = causal ? i1 : last, j2 = causal ? i2 : last, j3 = causal ? i3 : last;
        let top0 = low, top1 = low, top2 = low, top3 = low;
        for (let quad: usize = 0; quad < rowQuads; quad++) {
          const j = <i32> (quad << 2) - <i32> lead;
          const k0 = key + min(<usize> max(j, 0), last) * stride;
          const k1 = key + min(<usize> max(j + 1, 0), last) * stride;
          const k2 = key + min(<usize> max(j + 2, 0), last) * stride;
          const k3 = key + min(<usize> (j + 3), last) * stride;
          dotTile(q0, q1, q2, q3, k0, k1, k2, k3, width);
          const at = quad << 4;
          const s0 = logits(tile0, roots, attended(<i32> j, <i32> j0)),
            s1 = logits(tile1, roots, attended(<i32> j, <i32> j1));
          const s2 = logits(tile2, roots, attended(<i32> j, <i32> j2)),
            s3 = logits(tile3, roots, attended(<i32> j, <i32> j3));
          top0 = f32x4.max(top0, s0);
          top1 = f32x4.max(top1, s1);
          top2 = f32x4.max(top2, s2);
          top3 = f32x4.max(top3, s3);
          v128.store(row0 + at, s0);
          v128.store(row1 + at, s1);
          v128.store(row2 + at, s2);
          v128.store(row3 + at, s3);
        }
        let factors = f32x4.splat(0), extras = f32x4.splat(0);
        for (let r: usize = 0; r < 4 && i0 + r <= last; r++) {
          const tops = r == 0 ? top0 : r == 1 ? top1 : r == 2 ? top2 : top3;
          const counter = (first + i0 + r) * heads + head;
          let top = max4(tops), padLogit: f32 = 0;
          if (pads) {
            padLogit = dot(query + (i0 + r) * stride, padKey, width) * root;
            top = max(top, padLogit);
          }
          let sum = exponentials(
            rows + r * rowBytes,
            rowQuads,
            top,
            seed,
            step,
            site,
            threshold,
            scale,
            pads >> 2,
            counter,
          );
          let extra: f32 = 0;
          if (pads) {
            const pad = exp(padLogit - top);
            sum += <f32> pads * pad;
            extra = <f32> keptPads(seed, step, site, threshold, pads, counter) * scale * pad / sum;
          }
          store<f32>(normaliser + (counter << 2), top + Mathf.log(sum));
          const factor: f32 = <f32> 1 / sum;
          // Lanes from r on: those past the last query are as the last one
          const from = i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(<i32> r));
          factors = v128.bitselect(f32x4.splat(factor), factors, from);
          extras = v128.bitselect(f32x4.splat(extra), extras, from);
        }
        const to = output + first * part + head * width;
        combine(
          to + i0 * part,
          to + i1 * part,
          to + i2 * part,
          to + i3 * part,
          row0 + (lead << 2),
          row1 + (lead << 2),
          row2 + (lead << 2),
          row3 + (lead << 2),
          keys,
          value,
          stride,
          width,
          factors,
          pads ? padValue : 0,
          extras,
        );
      }
    }
  }
}

export function attentionGradient(
  qkv: usize,
  bias: usize,
  offsets: usize,
  normaliser: usize,
  output: usize,
  outputGradient: usize,
  qkvGradient: usize,
  padGradient: usize,
  segments: usize,
  tokens: usize,
  heads: usize,
  quads: usize,
  causal: u32,
  length: usize,
  biasOffset: usize,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  padOffset: usize,
  begin: usize,
  end: usize,
): void {
  const part = quads << 4, stride = part * 3, width = part / heads;
  const root: f32 = <f32> 1 / Mathf.sqrt(<f32> (width >> 2)), roots = f32x4.splat(root);
  for (let segment = begin; segment < end; segment++) {
    const first = <usize> load<u32>(offsets + (segment << 2));
    const count = <usize> load<u32>(offsets + (segment << 2), 4) - first;
    const padRow = padGradient + (padOffset << 4) + segment * part * 2;
    if (length) memory.fill(padRow, 0, part * 2);
    if (count == 0) continue;
    memory.fill(qkvGradient + first * stride, 0, count * stride);
    const last = count - 1, pads: usize = length > count ? length - count : 0;
    const lead: usize = threshold ? pads & 3 : 0;
    for (let head: usize = 0; head < heads; head++) {
      const column = head * width;
      const query = qkv + first * stride + column, key = query + part, value = key + part;
      const dQuery = qkvGradient + first * stride + column, dKey = dQuery + part, dValue = dKey + part;
      const out = output + first * part + column, dOut = outputGradient + first * part + column;
      for (let i0: usize = 0; i0 < count; i0 += 4) {
        // A short tile repeats its last query, with probabilities of 0
        const i1 = min(i0 + 1, last), i2 = min(i0 + 2, last), i3 = min(i0 + 3, last);
        const q0 = query + i0 * stride, q1 = query + i1 * stride;
        const q2 = query + i2 * stride, q3 = query + i3 * stride;
        const d0 = dQuery + i0 * stride, d1 = dQuery + i1 * stride;
        const d2 = dQuery + i2 * stride, d3 = dQuery + i3 * stride;
        const g0 = dOut + i0 * part, g1 = dOut + i1 * part, g2 = dOut + i2 * part, g3 = dOut + i3 * part;
        const counter = (first + i0) * heads + head;
        const norm0 = v128.load32_splat(normaliser + (counter << 2));
        const norm1 = v128.load32_splat(normaliser + (((first + i1) * heads + head) << 2));
        const norm2 = v128.load32_splat(normaliser + (((first + i2) * heads + head) << 2));
        const norm3 = v128.load32_splat(normaliser + (((first + i3) * heads + head) << 2));
        const delta0 = f32x4.splat(dot(g0, out + i0 * part, width));
        const delta1 = f32x4.splat(dot(g1, out + i1 * part, width));
        const delta2 = f32x4.splat(dot(g2, out + i2 * part, width));
        const delta3 = f32x4.splat(dot(g3, out + i3 * part, width));
        if (pads) {
          for (let r: usize = 0; r < 4 && i0 + r <= last; r++) {
            addPads(
              query + (i0 + r) * stride,
              dOut + (i0 + r) * part,
              dQuery + (i0 + r) * stride,
              bias + (biasOffset << 4) + part + column,
              padRow + column,
              part,
              width,
              root,
              load<f32>(normaliser + ((counter + r * heads) << 2)),
              f32x4.extract_lane(r == 0 ? delta0 : r == 1 ? delta1 : r == 2 ? delta2 : delta3, 0),
              pads,
              <f32> keptPads(seed, step, site, threshold, pads, counter + r * heads) * scale,
            );
          }
        }
        const rowQuads = (lead + (causal ? i3 + 1 : count) + 3) >> 2;
        const j0 = <i32> (causal ? i0 : last);
        const j1 = i0 + 1 > last ? -1 : <i32> (causal ? i1 : last);
        const j2 = i0 + 2 > last ? -1 : <i32> (causal ? i2 : last);
        const j3 = i0 + 3 > last ? -1 : <i32> (causal ? i3 : last);
        for (let quad: usize = 0; quad < rowQuads; quad++) {
          const j = <i32> (quad << 2) - <i32> lead;
          const at0 = min(<usize> max(j, 0), last) * stride, at1 = min(<usize> max(j + 1, 0), last) * stride;
          const at2 = min(<usize> max(j + 2, 0), last) * stride, at3 = min(<usize> (j + 3), last) * stride;
          dotTile(q0, q1, q2, q3, key + at0, key + at1, key + at2, key + at3, width);
          let p0 = v128.and(exp4(f32x4.sub(f32x4.mul(tile0, roots), norm0)), attended(<i32> j, <i32> j0));
          let p1 = v128.and(exp4(f32x4.sub(f32x4.mul(tile1, roots), norm1)), attended(<i32> j, <i32> j1));
          let p2 = v128.and(exp4(f32x4.sub(f32x4.mul(tile2, roots), norm2)), attended(<i32> j, <i32> j2));
          let p3 = v128.and(exp4(f32x4.sub(f32x4.mul(tile3, roots), norm3)), attended(<i32> j, <i32> j3));
          dotTile(g0, g1, g2, g3, value + at0, value + at1, value + at2, value + at3, width);
          let s0 = tile0, s1 = tile1, s2 = tile2, s3 = tile3;
          let w0 = p0, w1 = p1, w2 = p2, w3 = p3;
          if (threshold) {
            const index = <u32> ((pads >> 2) + quad);
            const m0 = dropout4(seed, step, site, threshold, scale, index, <u32> counter);
            const m1 = dropout4(seed, step, site, threshold, scale, index, <u32> (counter + heads));
            const m2 = dropout4(seed, step, site, threshold, scale, index, <u32> (counter + 2 * heads));
            const m3 = dropout4(seed, step, site, threshold, scale, index, <u32> (counter + 3 * heads));
            s0 = f32x4.mul(s0, m0);
            s1 = f32x4.mul(s1, m1);
            s2 = f32x4.mul(s2, m2);
            s3 = f32x4.mul(s3, m3);
            w0 = f32x4.mul(w0, m0);
            w1 = f32x4.mul(w1, m1);
            w2 = f32x4.mul(w2, m2);
            w3 = f32x4.mul(w3, m3);
          }
          s0 = f32x4.mul(f32x4.mul(p0, f32x4.sub(s0, delta0)), roots);
          s1 = f32x4.mul(f32x4.mul(p1, f32x4.sub(s1, delta1)), roots);
          s2 = f32x4.mul(f32x4.mul(p2, f32x4.sub(s2, delta2)), roots);
          s3 = f32x4.mul(f32x4.mul(p3, f32x4.sub(s3, delta3)), roots);
          addTile(d0, d1, d2, d3, key + at0, key + at1, key + at2, key + at3, width, s0, s1, s2, s3);
          transposeTile(s0, s1, s2, s3);
          addTile(
            dKey + at0,
            dKey + at1,
            dKey + at2,
            dKey + at3,
            q0,
            q1,
            q2,
            q3,
            width,
            tile0,
            tile1,
            tile2,
            tile3,
          );
          transposeTile(w0, w1, w2, w3);
          addTile(
            dValue + at0,
            dValue + at1,
            dValue + at2,
            dValue + at3,
            g0,
            g1,
            g2,
            g3,
            width,
            tile0,
            tile1,
            tile2,
            tile3,
          );
        }
      }
    }
  }
}

/** What the pads of a query add to the gradients of the query, of b_k and of b_v; `kept` is their number times scale. */
function addPads(
  query: usize,
  dOut: usize,
  dQuery: usize,
  padKey: usize,
  dPadKey: usize,
  part: usize,
  width: usize,
  root: f32,
  norm: f32,
  delta: f32,
  pads: usize,
  kept: f32,
): void {
  const probability = exp(dot(query, padKey, width) * root - norm);
  const dLogit = probability * (kept * dot(dOut, padKey + part, width) - <f32> pads * delta) * root;
  const slope = f32x4.splat(dLogit), weight = f32x4.splat(kept * probability);
  for (let c: usize = 0; c < width; c += 16) {
    const q = v128.load(query + c), k = v128.load(padKey + c), g = v128.load(dOut + c);
    v128.store(dQuery + c, f32x4.add(v128.load(dQuery + c), f32x4.mul(slope, k)));
    const to = dPadKey + c;
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(slope, q)));
    v128.store(to + part, f32x4.add(v128.load(to + part), f32x4.mul(weight, g)));
  }
}
