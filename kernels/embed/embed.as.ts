import { dropout16, factors } from "../_philox.as";

const NO_ROW: u32 = 0xffffffff;

export function embed(
  table: usize,
  ids: usize,
  positions: usize,
  positionIds: usize,
  output: usize,
  tokens: u32,
  quads: u32,
  positioned: u32,
  positionsOffset: u32,
  factor: f32,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  const scales = f32x4.splat(scale), factorOfRow = f32x4.splat(factor);
  for (let token = begin; token < end; token++) {
    const id = load<u32>(ids + (<usize> token << 2));
    const to = output + <usize> token * stride;
    if (id == NO_ROW) {
      memory.fill(to, 0, stride);
      continue;
    }
    const row = table + <usize> id * stride;
    let position: usize = 0;
    if (positioned) {
      const at = <usize> load<u32>(positionIds + (<usize> token << 2));
      position = positions + (<usize> positionsOffset << 4) + at * stride;
    }
    for (let quad: u32 = 0; quad < quads; quad += 4) {
      let masks = dropout16(seed, step, site, threshold, token * quads + quad, 0);
      const past = <usize> min(quad + 4, quads) << 4;
      for (let column = <usize> quad << 4; column < past; column += 16) {
        let y = f32x4.mul(factorOfRow, v128.load(row + column));
        if (positioned) y = f32x4.add(y, v128.load(position + column));
        v128.store(to + column, f32x4.mul(y, factors(masks, scales)));
        masks = i32x4.shr_u(masks, 8);
      }
    }
  }
}

export function embedGradient(
  outputGradient: usize,
  tableRows: usize,
  positionRows: usize,
  tokens: u32,
  quads: u32,
  firstRow: u32,
  positioned: u32,
  factor: f32,
  seed: u32,
  step: u32,
  site: u32,
  threshold: u32,
  scale: f32,
  begin: u32,
  end: u32,
): void {
  const scales = f32x4.splat(scale), factorOfRow = f32x4.splat(factor);
  const rows = tableRows + (<usize> firstRow * quads << 4);
  for (let token = begin; token < end; token++) {
    for (let quad: u32 = 0; quad < quads; quad += 4) {
      const first = token * quads + quad;
      let masks = dropout16(seed, step, site, threshold, first, 0);
      let at = <usize> first << 4;
      const past = at + (<usize> min(quads - quad, 4) << 4);
      for (; at < past; at += 16) {
        const d = f32x4.mul(v128.load(outputGradient + at), factors(masks, scales));
        v128.store(rows + at, f32x4.mul(factorOfRow, d));
        if (positioned) v128.store(positionRows + at, d);
        masks = i32x4.shr_u(masks, 8);
      }
    }
  }
}
