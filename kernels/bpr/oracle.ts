import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/** Arrays and scalars of one launch; rows of `stride` elements. */
export interface BprInput {
  readonly userTable: Float32Array;
  readonly itemTable: Float32Array;
  readonly users: Uint32Array;
  readonly positives: Uint32Array;
  readonly negatives: Uint32Array;
  readonly stride: number;
  readonly firstUser: number;
  readonly firstItem: number;
}

/** What `bpr` writes. */
export interface BprExpected {
  readonly userGradient: Expected;
  readonly itemGradient: Expected;
  readonly losses: Expected;
}

/**
 * With d = u.n - u.p: the loss is softplus(d), and the gradient of the mean loss is s (n - p) for the user, -s u for the
 * positive and s u for the negative item, where s = sigmoid(d) / samples.
 *
 * Tolerance: d is a sum of `stride` products of rounded differences or a difference of two such sums, so it is off by
 * stride + 2 roundoffs of sum |u| (|n| + |p|) at most. Its error goes through softplus with a slope of at most 1 and
 * relatively through sigmoid likewise. WGSL allows exp(x) 2 (3 + 2 |x|) roundoffs, log an absolute 8, a quotient 5.
 *
 * @param input Arrays and scalars.
 * @returns Losses and gradient rows.
 */
export function bprOracle(input: BprInput): BprExpected {
  const { userTable, itemTable, users, positives, negatives, stride, firstUser, firstItem } = input;
  const samples = users.length;
  const userGradient = expectedZeros(samples * stride), itemGradient = expectedZeros(2 * samples * stride);
  const losses = expectedZeros(samples);
  for (let sample = 0; sample < samples; sample++) {
    const user = (firstUser + users[sample]!) * stride;
    const positive = (firstItem + positives[sample]!) * stride, negative = (firstItem + negatives[sample]!) * stride;
    let d = 0, magnitude = 0;
    for (let column = 0; column < stride; column++) {
      const u = userTable[user + column]!, n = itemTable[negative + column]!, p = itemTable[positive + column]!;
      d += u * (n - p);
      magnitude += Math.abs(u) * (Math.abs(n) + Math.abs(p));
    }
    const dError = (stride + 2) * ROUNDOFF * magnitude;
    const exponentialError = 2 * (3 + 2 * Math.abs(d)) * ROUNDOFF;
    losses.values[sample] = Math.max(d, 0) + Math.log1p(Math.exp(-Math.abs(d)));
    losses.tolerance[sample] = dError + exponentialError + (8 + 2 * Math.abs(d)) * ROUNDOFF;

    const s = 1 / (1 + Math.exp(-d)) / samples;
    const sError = Math.expm1(dError) + exponentialError + 12 * ROUNDOFF;
    for (let column = 0; column < stride; column++) {
      const u = userTable[user + column]!, n = itemTable[negative + column]!, p = itemTable[positive + column]!;
      const set = ({ values, tolerance }: Expected, row: number, value: number) => {
        values[row * stride + column] = value;
        tolerance[row * stride + column] = Math.abs(value) * (sError + 2 * ROUNDOFF) + TINY;
      };
      set(userGradient, sample, s * (n - p));
      set(itemGradient, sample, -s * u);
      set(itemGradient, samples + sample, s * u);
    }
  }
  return { userGradient, itemGradient, losses };
}
