// Philox 4x32-10, as in src/philox.ts, and the dropout masks drawn with it.

/** The stream of dropout draws: `Stream.dropout`. */
const DROPOUT: u32 = 4;

/** The four words of a draw. */
export function philox(key0: u32, key1: u32, c0: u32, c1: u32, c2: u32, c3: u32): v128 {
  for (let round = 0; round < 10; round++) {
    const p0 = <u64> 0xd2511f53 * <u64> c0, p1 = <u64> 0xcd9e8d57 * <u64> c2;
    c0 = <u32> (p1 >> 32) ^ c1 ^ key0;
    c1 = <u32> p1;
    c2 = <u32> (p0 >> 32) ^ c3 ^ key1;
    c3 = <u32> p0;
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(c0), 1, c1), 2, c2), 3, c3);
}

/**
 * Factors of four neighbouring elements under dropout: `scale` where the word of the draw at (index, step, site, row)
 * is at least `threshold`, else 0. A threshold of 0 drops nothing.
 */
export function dropout4(seed: u32, step: u32, site: u32, threshold: u32, scale: f32, index: u32, row: u32): v128 {
  if (threshold == 0) return f32x4.splat(scale);
  const words = philox(seed, DROPOUT, index, step, site, row);
  const flip = i32x4.splat(0x80000000);
  const kept = i32x4.ge_s(v128.xor(words, flip), v128.xor(i32x4.splat(threshold), flip));
  return v128.and(f32x4.splat(scale), kept);
}
