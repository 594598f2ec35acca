export function bpr(
  userTable: usize,
  itemTable: usize,
  users: usize,
  positives: usize,
  negatives: usize,
  userGradient: usize,
  itemGradient: usize,
  losses: usize,
  samples: u32,
  quads: u32,
  firstUser: u32,
  firstItem: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  for (let sample = begin; sample < end; sample++) {
    const id = <usize> sample << 2;
    const user = userTable + <usize> (firstUser + load<u32>(users + id)) * stride;
    const positive = itemTable + <usize> (firstItem + load<u32>(positives + id)) * stride;
    const negative = itemTable + <usize> (firstItem + load<u32>(negatives + id)) * stride;
    let sum = f32x4.splat(0);
    for (let column: usize = 0; column < stride; column += 16) {
      const apart = f32x4.sub(v128.load(negative + column), v128.load(positive + column));
      sum = f32x4.add(sum, f32x4.mul(v128.load(user + column), apart));
    }
    const difference = (f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)) +
      (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
    const e = Mathf.exp(-Mathf.abs(difference));
    store<f32>(losses + id, max<f32>(difference, 0) + Mathf.log1p(e));
    const slope = f32x4.splat((difference >= 0 ? <f32> 1 : e) / (<f32> 1 + e) / <f32> samples);
    const userRow = userGradient + <usize> sample * stride;
    const positiveRow = itemGradient + <usize> sample * stride;
    const negativeRow = itemGradient + <usize> (samples + sample) * stride;
    for (let column: usize = 0; column < stride; column += 16) {
      const apart = f32x4.sub(v128.load(negative + column), v128.load(positive + column));
      const scaled = f32x4.mul(slope, v128.load(user + column));
      v128.store(userRow + column, f32x4.mul(slope, apart));
      v128.store(positiveRow + column, f32x4.neg(scaled));
      v128.store(negativeRow + column, scaled);
    }
  }
}
