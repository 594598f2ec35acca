import { type Expected, expectedZeros, ROUNDOFF, TINY, unchanged } from "../_check.ts";

/** Arrays and scalars of one launch; rows of `stride` elements. */
export interface PairLossInput {
  readonly userTable: ArrayLike<number>;
  readonly itemTable: ArrayLike<number>;
  /** User ids; `null` where sample b has row b of the users. */
  readonly users: Uint32Array | null;
  readonly positives: Uint32Array;
  readonly negatives: Uint32Array;
  readonly stride: number;
  readonly firstUser: number;
  readonly firstItem: number;
  readonly pointwise: boolean;
  readonly firstGradient: number;
  /** What the item gradient holds before. */
  readonly itemGradient: Float32Array;
}

/** What `pairLoss` writes. */
export interface PairLossExpected {
  readonly userGradient: Expected;
  readonly itemGradient: Expected;
  readonly losses: Expected;
}

/**
 * With d = u.n - u.p, the loss of BPR is softplus(d), and the gradient of the mean loss is s (n - p) for the user, -s u
 * for the positive and s u for the negative item, where s = sigmoid(d) / samples. Pointwise, the loss is softplus(-u.p) +
 * softplus(u.n) and the gradient s' n - s p, -s u and s' u, where s = sigmoid(-u.p) / samples, s' = sigmoid(u.n) /
 * samples.
 *
 * Tolerance: what softplus is taken of is a sum of `stride` products of rounded differences or a difference of two such
 * sums, so it is off by stride + 2 roundoffs of sum |u| (|n| + |p|) at most. Its error goes through softplus with a slope
 * of at most 1 and relatively through sigmoid likewise. WGSL allows exp(x) 2 (3 + 2 |x|) roundoffs, log an absolute 8, a
 * quotient 5.
 *
 * @param input Arrays and scalars.
 * @returns Losses and gradient rows.
 */
export function pairLossOracle(input: PairLossInput): PairLossExpected {
  const { userTable, itemTable, users, positives, negatives, stride, firstUser, firstItem, pointwise } = input;
  const samples = positives.length;
  const userGradient = expectedZeros(samples * stride), itemGradient = unchanged(input.itemGradient);
  const losses = expectedZeros(samples);
  for (let sample = 0; sample < samples; sample++) {
    const user = (firstUser + (users ? users[sample]! : sample)) * stride;
    const positive = (firstItem + positives[sample]!) * stride, negative = (firstItem + negatives[sample]!) * stride;
    const dot = (item: number) => {
      let value = 0, magnitude = 0;
      for (let column = 0; column < stride; column++) {
        const term = userTable[user + column]! * itemTable[item + column]!;
        value += term;
        magnitude += Math.abs(term);
      }
      return { value, magnitude };
    };
    const up = dot(positive), un = dot(negative);
    const terms = pointwise
      ? [curve(-up.value, up.magnitude, stride), curve(un.value, un.magnitude, stride)] as const
      : [curve(un.value - up.value, un.magnitude + up.magnitude, stride)] as const;
    for (const { loss, lossError } of terms) {
      losses.values[sample]! += loss;
      losses.tolerance[sample]! += lossError + 2 * ROUNDOFF * loss;
    }

    const [down, rise = down] = terms.map(({ slope, slopeError }) => ({ s: slope / samples, error: slopeError }));
    const set = ({ values, tolerance }: Expected, at: number, value: number, error: number) => {
      values[at] = value;
      tolerance[at] = error + TINY;
    };
    const row = input.firstGradient + sample;
    for (let column = 0; column < stride; column++) {
      const u = userTable[user + column]!, n = itemTable[negative + column]!, p = itemTable[positive + column]!;
      const userValue = rise!.s * n - down!.s * p;
      const userError = pointwise
        ? Math.abs(rise!.s * n) * (rise!.error + 3 * ROUNDOFF) + Math.abs(down!.s * p) * (down!.error + 3 * ROUNDOFF)
        : Math.abs(userValue) * (down!.error + 2 * ROUNDOFF);
      set(userGradient, sample * stride + column, userValue, userError + TINY);
      const itemError = ({ s, error }: { s: number; error: number }) => Math.abs(s * u) * (error + 2 * ROUNDOFF);
      set(itemGradient, row * stride + column, -down!.s * u, itemError(down!));
      set(itemGradient, (row + samples) * stride + column, rise!.s * u, itemError(rise!));
    }
  }
  return { userGradient, itemGradient, losses };
}

/** softplus(x) with an absolute and its slope with a relative error. */
function curve(x: number, magnitude: number, stride: number) {
  const xError = (stride + 2) * ROUNDOFF * magnitude;
  const exponentialError = 2 * (3 + 2 * Math.abs(x)) * ROUNDOFF;
  return {
    loss: Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    lossError: xError + exponentialError + (8 + 2 * Math.abs(x)) * ROUNDOFF,
    slope: 1 / (1 + Math.exp(-x)),
    slopeError: Math.expm1(xError) + exponentialError + 12 * ROUNDOFF,
  };
}
