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

/** The multipliers. Loaded, as V8 would build a constant vector anew, in four instructions, wherever it is used. */
const CONSTANTS: usize = memory.data<u32>([0xd2511f53, 0xcd9e8d57]);

/**
 * What {@link dropout4} keeps of sixteen neighbouring elements, from one draw at four indices at once: byte j of lane i is
 * 0xff where element i of quad `index + j` is kept, else 0. {@link factors} makes factors of it.
 */
export function dropout16(seed: u32, step: u32, site: u32, threshold: u32, index: u32, row: u32): v128 {
  if (threshold == 0) return i32x4.splat(-1);
  const m0 = v128.load32_splat(CONSTANTS), m1 = v128.load32_splat(CONSTANTS, 4);
  // Only the index differs between the four counters, so the products that it has not reached yet are of one word.
  const site1 = <u64> 0xcd9e8d57 * <u64> site;
  const first = <u32> (site1 >> 32) ^ step ^ seed;
  const first0 = <u64> 0xd2511f53 * <u64> first;
  let key0 = seed + 0x9e3779b9, key1 = DROPOUT + 0xbb67ae85;
  const indices = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  let low = i64x2.extmul_low_i32x4_u(indices, m0), high = i64x2.extmul_high_i32x4_u(indices, m0);
  let c2 = v128.xor(upper(low, high), i32x4.splat(row ^ DROPOUT));
  let c3 = lower(low, high);
  low = i64x2.extmul_low_i32x4_u(c2, m1), high = i64x2.extmul_high_i32x4_u(c2, m1);
  let c0 = v128.xor(upper(low, high), i32x4.splat(<u32> site1 ^ key0));
  let c1 = lower(low, high);
  c2 = v128.xor(c3, i32x4.splat(<u32> (first0 >> 32) ^ key1));
  c3 = i32x4.splat(<u32> first0);
  for (let round = 2; round < 10; round++) {
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
    low = i64x2.extmul_low_i32x4_u(c2, m1), high = i64x2.extmul_high_i32x4_u(c2, m1);
    const low0 = i64x2.extmul_low_i32x4_u(c0, m0), high0 = i64x2.extmul_high_i32x4_u(c0, m0);
    c0 = v128.xor(v128.xor(upper(low, high), c1), i32x4.splat(key0));
    c1 = lower(low, high);
    c2 = v128.xor(v128.xor(upper(low0, high0), c3), i32x4.splat(key1));
    c3 = lower(low0, high0);
  }
  const least = i32x4.splat(threshold);
  return i8x16.narrow_i16x8_s(
    i16x8.narrow_i32x4_s(i32x4.ge_u(c0, least), i32x4.ge_u(c1, least)),
    i16x8.narrow_i32x4_s(i32x4.ge_u(c2, least), i32x4.ge_u(c3, least)),
  );
}

/** Factors of the elements of a quad whose masks are byte 0 of the lanes. Shift the masks right by 8 for the next quad. */
export function factors(masks: v128, scale: v128): v128 {
  return v128.and(scale, i32x4.shr_s(i32x4.shl(masks, 24), 31));
}

function lower(low: v128, high: v128): v128 {
  return v128.shuffle<u32>(low, high, 0, 2, 4, 6);
}

function upper(low: v128, high: v128): v128 {
  return v128.shuffle<u32>(low, high, 1, 3, 5, 7);
}
