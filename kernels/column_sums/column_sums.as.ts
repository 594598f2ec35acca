/** Quads of an item, and those that are summed side by side: a cache line. */
const ITEM_QUADS: u32 = 16;
const LINE_QUADS: u32 = 4;

/** Rows summed before they join the sum of all: rounding grows with the length of a block and the number of blocks. */
const BLOCK_ROWS: u32 = 64;

/** Bytes of the plan for a range and for a matrix. */
const RANGE_BYTES: usize = 20;
const MATRIX_BYTES: usize = 12;

export function columnSums(
  input: usize,
  plan: usize,
  output: usize,
  ranges: u32,
  tiles: u32,
  begin: u32,
  end: u32,
): void {
  const matrices = plan + <usize> (ranges + 1) * RANGE_BYTES;
  let range = plan;
  for (let item = begin; item < end; item++) {
    while (load<u32>(range, RANGE_BYTES) <= item) range += RANGE_BYTES;
    const first = (item - load<u32>(range)) * ITEM_QUADS, past = min(first + ITEM_QUADS, load<u32>(range, 8));
    const to = output + (<usize> load<u32>(range, 4) << 4), accumulate = load<u32>(range, 12);
    const from = matrices + <usize> load<u32>(range, 16) * MATRIX_BYTES;
    const until = matrices + <usize> load<u32>(range, 16 + RANGE_BYTES) * MATRIX_BYTES;
    let quad = first;
    for (; quad + LINE_QUADS <= past; quad += LINE_QUADS) lineSums(input, from, until, quad, to, accumulate);
    for (; quad < past; quad++) quadSums(input, from, until, quad, to, accumulate);
  }
}

/** Four quads of columns. */
function lineSums(input: usize, matrix: usize, until: usize, quad: u32, output: usize, accumulate: u32): void {
  let t0 = f32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
  for (; matrix < until; matrix += MATRIX_BYTES) {
    const step = <usize> load<u32>(matrix, 4) << 4, rows = load<u32>(matrix, 8);
    let at = input + (<usize> (load<u32>(matrix) + quad) << 4);
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
  }
  const to = output + (<usize> quad << 4);
  put(to, t0, accumulate);
  put(to + 16, t1, accumulate);
  put(to + 32, t2, accumulate);
  put(to + 48, t3, accumulate);
}

/** One of the quads that the lines leave over. */
function quadSums(input: usize, matrix: usize, until: usize, quad: u32, output: usize, accumulate: u32): void {
  let t = f32x4.splat(0);
  for (; matrix < until; matrix += MATRIX_BYTES) {
    const step = <usize> load<u32>(matrix, 4) << 4, rows = load<u32>(matrix, 8);
    let at = input + (<usize> (load<u32>(matrix) + quad) << 4);
    for (let block: u32 = 0; block < rows; block += BLOCK_ROWS) {
      const past = min(rows - block, BLOCK_ROWS);
      let s = f32x4.splat(0);
      for (let row: u32 = 0; row < past; row++, at += step) s = f32x4.add(s, v128.load(at));
      t = f32x4.add(t, s);
    }
  }
  put(output + (<usize> quad << 4), t, accumulate);
}

function put(to: usize, sum: v128, accumulate: u32): void {
  v128.store(to, accumulate ? f32x4.add(v128.load(to), sum) : sum);
}
