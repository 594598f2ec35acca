import { sum4 } from "../_math.as";

/** softplus(x) where e = exp(-|x|). */
function softplus(x: f32, e: f32): f32 {
  return max<f32>(x, 0) + Mathf.log1p(e);
}

/** sigmoid(x) where e = exp(-|x|). */
function sigmoid(x: f32, e: f32): f32 {
  return (x >= 0 ? <f32> 1 : e) / (<f32> 1 + e);
}

export function pairLoss(
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
  pointwise: u32,
  indexed: u32,
  firstGradient: u32,
  begin: u32,
  end: u32,
): void {
  const stride = <usize> quads << 4;
  for (let sample = begin; sample < end; sample++) {
    const id = <usize> sample << 2;
    const userId = indexed ? load<u32>(users + id) : sample;
    const user = userTable + <usize> (firstUser + userId) * stride;
    const positive = itemTable + <usize> (firstItem + load<u32>(positives + id)) * stride;
    const negative = itemTable + <usize> (firstItem + load<u32>(negatives + id)) * stride;
    const userRow = userGradient + <usize> sample * stride;
    const positiveRow = itemGradient + <usize> (firstGradient + sample) * stride;
    const negativeRow = itemGradient + <usize> (firstGradient + samples + sample) * stride;
    let sum = f32x4.splat(0), other = sum;
    if (pointwise) {
      for (let column: usize = 0; column < stride; column += 16) {
        const u = v128.load(user + column);
        sum = f32x4.sub(sum, f32x4.mul(u, v128.load(positive + column)));
        other = f32x4.add(other, f32x4.mul(u, v128.load(negative + column)));
      }
      const x = sum4(sum), y = sum4(other);
      const ex = Mathf.exp(-Mathf.abs(x)), ey = Mathf.exp(-Mathf.abs(y));
      store<f32>(losses + id, softplus(x, ex) + softplus(y, ey));
      const down = f32x4.splat(sigmoid(x, ex) / <f32> samples), up = f32x4.splat(sigmoid(y, ey) / <f32> samples);
      for (let column: usize = 0; column < stride; column += 16) {
        const u = v128.load(user + column);
        const p = f32x4.mul(down, v128.load(positive + column)), n = f32x4.mul(up, v128.load(negative + column));
        v128.store(userRow + column, f32x4.sub(n, p));
        v128.store(positiveRow + column, f32x4.neg(f32x4.mul(down, u)));
        v128.store(negativeRow + column, f32x4.mul(up, u));
      }
      continue;
    }
    for (let column: usize = 0; column < stride; column += 16) {
      const apart = f32x4.sub(v128.load(negative + column), v128.load(positive + column));
      sum = f32x4.add(sum, f32x4.mul(v128.load(user + column), apart));
    }
    const difference = sum4(sum);
    const e = Mathf.exp(-Mathf.abs(difference));
    store<f32>(losses + id, softplus(difference, e));
    const slope = f32x4.splat(sigmoid(difference, e) / <f32> samples);
    for (let column: usize = 0; column < stride; column += 16) {
      const apart = f32x4.sub(v128.load(negative + column), v128.load(positive + column));
      const scaled = f32x4.mul(slope, v128.load(user + column));
      v128.store(userRow + column, f32x4.mul(slope, apart));
      v128.store(positiveRow + column, f32x4.neg(scaled));
      v128.store(negativeRow + column, scaled);
    }
  }
}
