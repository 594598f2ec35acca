import { sum4 } from "../_math.as";

export function layerNorm(
  input: usize,
  parameters: usize,
  output: usize,
  statistics: usize,
  rows: u32,
  quads: u32,
  weightOffset: u32,
  biasOffset: u32,
  epsilon: f32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  // Where steps of four quads end, so that four sums advance without waiting for each other.
  const whole = stride & ~<usize> 63;
  const count = <f32> (quads << 2);
  const weight = parameters + (<usize> weightOffset << 4), bias = parameters + (<usize> biasOffset << 4);
  for (let row = begin; row < end; row++) {
    const from = input + <usize> row * stride, to = output + <usize> row * stride;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let column: usize = 0;
    for (; column < whole; column += 64) {
      s0 = f32x4.add(s0, v128.load(from + column));
      s1 = f32x4.add(s1, v128.load(from + column, 16));
      s2 = f32x4.add(s2, v128.load(from + column, 32));
      s3 = f32x4.add(s3, v128.load(from + column, 48));
    }
    for (; column < stride; column += 16) s0 = f32x4.add(s0, v128.load(from + column));
    const mean = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))) / count;
    const means = f32x4.splat(mean);
    s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (column = 0; column < whole; column += 64) {
      const x0 = f32x4.sub(v128.load(from + column), means), x1 = f32x4.sub(v128.load(from + column, 16), means);
      const x2 = f32x4.sub(v128.load(from + column, 32), means), x3 = f32x4.sub(v128.load(from + column, 48), means);
      s0 = f32x4.add(s0, f32x4.mul(x0, x0));
      s1 = f32x4.add(s1, f32x4.mul(x1, x1));
      s2 = f32x4.add(s2, f32x4.mul(x2, x2));
      s3 = f32x4.add(s3, f32x4.mul(x3, x3));
    }
    for (; column < stride; column += 16) {
      const x = f32x4.sub(v128.load(from + column), means);
      s0 = f32x4.add(s0, f32x4.mul(x, x));
    }
    const variance = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))) / count;
    const inverse = <f32> 1 / sqrt<f32>(variance + epsilon);
    const inverses = f32x4.splat(inverse);
    store<f32>(statistics + (<usize> row << 3), mean);
    store<f32>(statistics + (<usize> row << 3), inverse, 4);
    for (column = 0; column < stride; column += 16) {
      const x = f32x4.mul(f32x4.sub(v128.load(from + column), means), inverses);
      v128.store(to + column, f32x4.add(f32x4.mul(x, v128.load(weight + column)), v128.load(bias + column)));
    }
  }
}

export function layerNormGradient(
  input: usize,
  parameters: usize,
  statistics: usize,
  outputGradient: usize,
  inputGradient: usize,
  partial: usize,
  rows: u32,
  quads: u32,
  weightOffset: u32,
  partialOffset: u32,
  blockRows: u32,
  accumulate: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  const count = <f32> (quads << 2);
  const weight = parameters + (<usize> weightOffset << 4);
  for (let block = begin; block < end; block++) {
    const weightSums = partial + (<usize> partialOffset << 4) + <usize> block * 2 * stride,
      biasSums = weightSums + stride;
    memory.fill(weightSums, 0, 2 * stride);
    const last = min((block + 1) * blockRows, rows);
    for (let row = block * blockRows; row < last; row++) {
      const at = <usize> row * stride;
      const means = v128.load32_splat(statistics + (<usize> row << 3));
      const inverses = v128.load32_splat(statistics + (<usize> row << 3), 4);
      let sum = f32x4.splat(0), product = sum;
      for (let column: usize = 0; column < stride; column += 16) {
        const d = v128.load(outputGradient + at + column);
        const x = f32x4.mul(f32x4.sub(v128.load(input + at + column), means), inverses);
        const dx = f32x4.mul(d, x);
        v128.store(weightSums + column, f32x4.add(v128.load(weightSums + column), dx));
        v128.store(biasSums + column, f32x4.add(v128.load(biasSums + column), d));
        const w = v128.load(weight + column);
        sum = f32x4.add(sum, f32x4.mul(d, w));
        product = f32x4.add(product, f32x4.mul(dx, w));
      }
      const sums = f32x4.splat(sum4(sum) / count), products = f32x4.splat(sum4(product) / count);
      for (let column: usize = 0; column < stride; column += 16) {
        const x = f32x4.mul(f32x4.sub(v128.load(input + at + column), means), inverses);
        const g = f32x4.mul(v128.load(outputGradient + at + column), v128.load(weight + column));
        let d = f32x4.mul(inverses, f32x4.sub(f32x4.sub(g, sums), f32x4.mul(x, products)));
        if (accumulate) d = f32x4.add(d, v128.load(inputGradient + at + column));
        v128.store(inputGradient + at + column, d);
      }
    }
  }
}
