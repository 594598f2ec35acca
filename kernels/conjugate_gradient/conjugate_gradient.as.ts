import { nonFinite, report } from "../_row_gradient.as";

const BLOCK_ROWS: u32 = 256;
const SCALE: u32 = 0;
const START: u32 = 1;
const STEP: u32 = 2;
const CHECK: u32 = 4;
const RUNAWAY: f32 = 3e38;

/** Magnitudes are compared by their bits, in which infinity is above all numbers and NaN above infinity. */
export function columnMaxima(input: usize, partials: usize, rows: u32, quads: u32, begin: u32, end: u32): void {
  const stride = <usize> quads << 4;
  const magnitude = i32x4.splat(0x7fffffff);
  for (let block = begin; block < end; block++) {
    const last = min((block + 1) * BLOCK_ROWS, rows);
    memory.fill(partials + <usize> block * stride, 0, stride);
    for (let row = block * BLOCK_ROWS; row < last; row++) {
      for (let column: usize = 0; column < stride; column += 16) {
        const maximum = partials + <usize> block * stride + column;
        const bits = v128.and(v128.load(input + <usize> row * stride + column), magnitude);
        v128.store(maximum, i32x4.max_u(v128.load(maximum), bits));
      }
    }
  }
}

export function cgStart(
  scalars: usize,
  input: usize,
  solution: usize,
  residual: usize,
  direction: usize,
  partials: usize,
  rows: u32,
  quads: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  const scales = scalars + 4 * stride;
  for (let block = begin; block < end; block++) {
    const last = min((block + 1) * BLOCK_ROWS, rows);
    memory.fill(partials + <usize> block * stride, 0, stride);
    for (let row = block * BLOCK_ROWS; row < last; row++) {
      for (let column: usize = 0; column < stride; column += 16) {
        const at = <usize> row * stride + column;
        const r = f32x4.mul(v128.load(scales + column), v128.load(input + at));
        v128.store(solution + at, f32x4.splat(0));
        v128.store(residual + at, r);
        v128.store(direction + at, r);
        const sum = partials + <usize> block * stride + column;
        v128.store(sum, f32x4.add(v128.load(sum), f32x4.mul(r, r)));
      }
    }
  }
}

export function columnDots(
  left: usize,
  right: usize,
  partials: usize,
  turns: usize,
  rows: u32,
  quads: u32,
  turn: u32,
  begin: u32,
  end: u32,
): void {
  if (load<u32>(turns) < turn) return;
  const stride = <usize> quads << 4;
  for (let block = begin; block < end; block++) {
    const last = min((block + 1) * BLOCK_ROWS, rows);
    memory.fill(partials + <usize> block * stride, 0, stride);
    for (let row = block * BLOCK_ROWS; row < last; row++) {
      for (let column: usize = 0; column < stride; column += 16) {
        const at = <usize> row * stride + column;
        const sum = partials + <usize> block * stride + column;
        v128.store(sum, f32x4.add(v128.load(sum), f32x4.mul(v128.load(left + at), v128.load(right + at))));
      }
    }
  }
}

export function cgStep(
  scalars: usize,
  direction: usize,
  image: usize,
  solution: usize,
  residual: usize,
  partials: usize,
  turns: usize,
  rows: u32,
  quads: u32,
  turn: u32,
  begin: u32,
  end: u32,
): void {
  if (load<u32>(turns) < turn) return;
  const stride = <usize> quads << 4;
  const alphas = scalars + 2 * stride;
  for (let block = begin; block < end; block++) {
    const last = min((block + 1) * BLOCK_ROWS, rows);
    memory.fill(partials + <usize> block * stride, 0, stride);
    for (let row = block * BLOCK_ROWS; row < last; row++) {
      for (let column: usize = 0; column < stride; column += 16) {
        const at = <usize> row * stride + column;
        const alpha = v128.load(alphas + column);
        const z = f32x4.add(v128.load(solution + at), f32x4.mul(alpha, v128.load(direction + at)));
        const r = f32x4.sub(v128.load(residual + at), f32x4.mul(alpha, v128.load(image + at)));
        v128.store(solution + at, z);
        v128.store(residual + at, r);
        const sum = partials + <usize> block * stride + column;
        v128.store(sum, f32x4.add(v128.load(sum), f32x4.mul(r, r)));
      }
    }
  }
}

export function cgScalars(
  partials: usize,
  scalars: usize,
  turns: usize,
  status: usize,
  blocks: u32,
  quads: u32,
  phase: u32,
  turn: u32,
  step: u32,
  tolerance: f32,
  begin: u32,
  end: u32,
): void {
  if (phase >= STEP && load<u32>(turns) < turn) return;
  if (phase == CHECK) return report(status, step);
  const stride = <usize> quads << 4;
  const zero = f32x4.splat(0);
  for (let quad = begin; quad < end; quad++) {
    const residualAt = scalars + (<usize> quad << 4);
    let sum = zero;
    for (let block: u32 = 0; block < blocks; block++) {
      const partial = v128.load(partials + <usize> block * stride + (<usize> quad << 4));
      sum = phase == SCALE ? i32x4.max_u(sum, partial) : f32x4.add(sum, partial);
    }
    if (phase == SCALE) {
      const exponent = i32x4.shr_u(sum, 23);
      const inverse = i32x4.min_u(i32x4.max_u(exponent, i32x4.splat(1)), i32x4.splat(253));
      const endless = i32x4.eq(exponent, i32x4.splat(255));
      v128.store(residualAt + 4 * stride, i32x4.shl(i32x4.sub(i32x4.splat(254), inverse), 23));
      v128.store(residualAt + 5 * stride, v128.bitselect(sum, i32x4.shl(inverse, 23), endless));
      continue;
    }
    if (phase == START) {
      const threshold = f32x4.mul(f32x4.splat(tolerance * tolerance), sum);
      v128.store(residualAt, sum);
      v128.store(residualAt + stride, threshold);
      if (v128.any_true(f32x4.gt(sum, threshold))) store<u32>(turns, 1);
      continue;
    }
    const residual = v128.load(residualAt);
    const threshold = v128.load(residualAt + stride);
    const open = f32x4.gt(residual, threshold);
    if (phase == STEP) {
      const moves = v128.and(open, f32x4.ne(sum, zero));
      v128.store(residualAt + 2 * stride, v128.and(moves, f32x4.div(residual, sum)));
    } else {
      const after = v128.bitselect(f32x4.splat(RUNAWAY), sum, v128.and(open, nonFinite(sum)));
      v128.store(residualAt + 3 * stride, v128.and(open, f32x4.div(after, residual)));
      v128.store(residualAt, after);
      if (v128.any_true(f32x4.gt(after, threshold))) store<u32>(turns, turn + 1);
    }
  }
}

export function cgDirection(
  scalars: usize,
  residual: usize,
  direction: usize,
  turns: usize,
  rows: u32,
  quads: u32,
  turn: u32,
  begin: u32,
  end: u32,
): void {
  if (load<u32>(turns) < turn) return;
  const stride = <usize> quads << 4;
  const betas = scalars + 3 * stride;
  for (let row = begin; row < end; row++) {
    for (let column: usize = 0; column < stride; column += 16) {
      const at = <usize> row * stride + column;
      const p = f32x4.mul(v128.load(betas + column), v128.load(direction + at));
      v128.store(direction + at, f32x4.add(v128.load(residual + at), p));
    }
  }
}

export function cgFinish(
  scalars: usize,
  solution: usize,
  output: usize,
  status: usize,
  rows: u32,
  quads: u32,
  step: u32,
  keep: f32,
  factor: f32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  const unscales = scalars + 5 * stride;
  const keeps = f32x4.splat(keep);
  const factors = f32x4.splat(factor);
  let bad = i32x4.splat(0);
  for (let row = begin; row < end; row++) {
    for (let column: usize = 0; column < stride; column += 16) {
      const at = <usize> row * stride + column;
      let result = f32x4.mul(v128.load(unscales + column), f32x4.mul(factors, v128.load(solution + at)));
      if (keep != 0) result = f32x4.add(result, f32x4.mul(keeps, v128.load(output + at)));
      bad = v128.or(bad, nonFinite(result));
      v128.store(output + at, result);
    }
  }
  if (v128.any_true(bad)) report(status, step);
}
