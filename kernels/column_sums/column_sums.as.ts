/** Quads of an item: a cache line. */
const ITEM_QUADS: u32 = 4;

/** Rows summed before they join the sum of all: rounding grows with the length of a block and the number of blocks. */
const BLOCK_ROWS: u32 = 64;

export function columnSums(
  input: usize,
  output: usize,
  rows: u32,
  stride: u32,
  firstQuad: u32,
  quads: u32,
  outputOffset: u32,
  accumulate: u32,
  begin: u32,
  end: u32,
): void {
  const step = <usize> stride << 4;
  for (let item = begin; item < end; item++) {
    const first = item * ITEM_QUADS;
    const to = output + (<usize> (outputOffset + first) << 4);
    let at = input + (<usize> (firstQuad + first) << 4);
    if (first + ITEM_QUADS <= quads) {
      let t0 = f32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
      for (let block: u32 = 0; block < rows; block += BLOCK_ROWS) {
        const past = min(rows - block, BLOCK_ROWS);
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
        for (let row: u32 = 0; row < past; row++, at += step) {
          s0 = f32x4.add(s0, v128.load(at));
          s1 = f32x4.add(s1, v128.load(at, 16));
          s2 = f32x4.add(s2, v128.load(at, 32));
          s3 = f32x4.add(s3, v128.load(at, 48));
        }
        t0 = f32x4.add(t0, s0);
        t1 = f32x4.add(t1, s1);
        t2 = f32x4.add(t2, s2);
        t3 = f32x4.add(t3, s3);
      }
      put(to, t0, accumulate);
      put(to + 16, t1, accumulate);
      put(to + 32, t2, accumulate);
      put(to + 48, t3, accumulate);
    } else {
      for (let quad = first; quad < quads; quad++) {
        const offset = <usize> (quad - first) << 4;
        let from = at + offset;
        let t = f32x4.splat(0);
        for (let block: u32 = 0; block < rows; block += BLOCK_ROWS) {
          const past = min(rows - block, BLOCK_ROWS);
          let s = f32x4.splat(0);
          for (let row: u32 = 0; row < past; row++, from += step) s = f32x4.add(s, v128.load(from));
          t = f32x4.add(t, s);
        }
        put(to + offset, t, accumulate);
      }
    }
  }
}

function put(to: usize, sum: v128, accumulate: u32): void {
  v128.store(to, accumulate ? f32x4.add(v128.load(to), sum) : sum);
}
