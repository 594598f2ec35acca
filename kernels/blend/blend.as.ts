export function blend(input: usize, output: usize, quads: u32, keep: f32, scale: f32, begin: u32, end: u32): void {
  const keeps = f32x4.splat(keep);
  const scales = f32x4.splat(scale);
  for (let quad = begin; quad < end; quad++) {
    const at = <usize> quad << 4;
    let result = f32x4.mul(scales, v128.load(input + at));
    if (keep != 0) result = f32x4.add(result, f32x4.mul(keeps, v128.load(output + at)));
    v128.store(output + at, result);
  }
}
