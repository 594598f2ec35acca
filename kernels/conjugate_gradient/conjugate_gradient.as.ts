const BLOCK_ROWS: u32 = 256;
const START: u32 = 0;
const STEP: u32 = 1;
const DIRECTION: u32 = 2;

export function columnDots(
  left: usize,
  right: usize,
  partials: usize,
  rows: u32,
  quads: u32,
  begin: u32,
  end: u32,
): void {
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
  rows: u32,
  quads: u32,
  begin: u32,
  end: u32,
): void {
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
  status: usize,
  blocks: u32,
  quads: u32,
  phase: u32,
  step: u32,
  tolerance: f32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  const zero = f32x4.splat(0);
  for (let quad = begin; quad < end; quad++) {
    const residualAt = scalars + (<usize> quad << 4);
    const residual = v128.load(residualAt);
    const threshold = v128.load(residualAt + stride);
    const open = f32x4.gt(residual, threshold);
    if (phase > DIRECTION) {
      if (v128.any_true(open) && load<u32>(status) == 0) store<u32>(status, step);
      continue;
    }
    let sum = zero;
    for (let block: u32 = 0; block < blocks; block++) {
      sum = f32x4.add(sum, v128.load(partials + <usize> block * stride + (<usize> quad << 4)));
    }
    if (phase == START) {
      v128.store(residualAt, sum);
      v128.store(residualAt + stride, f32x4.mul(f32x4.splat(tolerance * tolerance), sum));
    } else if (phase == STEP) {
      const moves = v128.and(open, f32x4.ne(sum, zero));
      v128.store(residualAt + 2 * stride, v128.and(moves, f32x4.div(residual, sum)));
    } else {
      v128.store(residualAt + 3 * stride, v128.and(open, f32x4.div(sum, residual)));
      v128.store(residualAt, sum);
    }
  }
}

export function cgDirection(
  scalars: usize,
  residual: usize,
  direction: usize,
  rows: u32,
  quads: u32,
  begin: u32,
  end: u32,
): void {
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
