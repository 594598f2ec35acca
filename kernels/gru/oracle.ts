import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";

/** Where the segments and W_hh are. */
export interface GruLayout {
  readonly parameters: ArrayLike<number>;
  readonly offsets: Uint32Array;
  readonly quads: number;
  readonly weightOffset: number;
}

/** Arrays and scalars of one launch of `gru`. */
export interface GruInput extends GruLayout {
  readonly input: ArrayLike<number>;
}

/** What `gru` writes. */
export interface GruExpected {
  readonly states: Expected;
  readonly gates: Expected;
  readonly last: Expected;
}

/** Arrays and scalars of one launch of `gruGradient`. */
export interface GruGradientInput extends GruLayout {
  readonly states: ArrayLike<number>;
  readonly gates: ArrayLike<number>;
  readonly lastGradient: ArrayLike<number>;
}

/** What `gruGradient` writes. */
export interface GruGradientExpected {
  readonly inputGradient: Expected;
  readonly hiddenGradient: Expected;
}

/** What a sigmoid may be where it should be next to 0: beyond this, exp is not asked for. */
const SATURATED = Math.exp(-87);

/** The quotient 1 / (1 + exp(-x)) where x is off by `error`. */
function sigmoid(x: number, error: number): { value: number; error: number } {
  const value = 1 / (1 + Math.exp(-x));
  // WGSL allows exp(x) 2 (3 + 2 |x|) roundoffs and a quotient 5; the slope's logarithm has a slope of at most 1.
  const slope = value * (1 - value);
  const relative = Math.expm1(error) + 2 * (3 + 2 * Math.abs(x)) * ROUNDOFF;
  return { value, error: slope * relative + 7 * ROUNDOFF * value + SATURATED };
}

/** The same for tanh(x), computed as a polynomial near 0 and as 1 - 2 sigmoid(-2x) elsewhere. */
function tanh(x: number, error: number): { value: number; error: number } {
  const value = Math.tanh(x), carried = (1 - value * value) * Math.expm1(2 * error);
  if (Math.abs(x) + error < 0.62) return { value, error: carried + 8 * ROUNDOFF * Math.abs(value) };
  return { value, error: carried + 2 * sigmoid(-2 * x, 0).error + ROUNDOFF };
}

/**
 * The recurrence, token by token.
 *
 * Tolerance: that of one step. Rounding of the first steps grows through those after it by whatever the weights make of
 * it, so `from`, the states that a device wrote, are what each token starts from where given: then each state is held
 * against the one before it, and the first against 0. Within a step, a product of H terms is off by H + 2 roundoffs of
 * their magnitudes; what that does to the gates follows from their slopes.
 *
 * @param input Arrays and scalars.
 * @param from States before all tokens; by default the oracle's own.
 * @returns States and gates.
 */
export function gruOracle(input: GruInput, from?: ArrayLike<number>): GruExpected {
  const { parameters, offsets, quads, weightOffset } = input;
  const width = 4 * quads, segments = offsets.length - 1, tokens = offsets[segments]!;
  const states = expectedZeros(tokens * width), gates = expectedZeros(4 * tokens * width);
  const last = expectedZeros(segments * width);
  const current = from ?? states.values;
  for (let segment = 0; segment < segments; segment++) {
    const end = offsets[segment + 1]!;
    for (let token = offsets[segment]!; token < end; token++) {
      const first = token === offsets[segment],
        state = (column: number) => first ? 0 : current[token * width + column]!;
      for (let column = 0; column < width; column++) {
        const gi = (gate: number) => input.input[(3 * token + gate) * width + column]!;
        const gh = [0, 1, 2].map((gate) => {
          const row = 4 * weightOffset + (gate * width + column) * width;
          let value = 0, magnitude = 0;
          for (let k = 0; k < width; k++) {
            const term = parameters[row + k]! * state(k);
            value += term;
            magnitude += Math.abs(term);
          }
          return { value, error: (width + 2) * ROUNDOFF * magnitude };
        });
        const [r, z] = [0, 1].map((gate) => {
          const sum = gi(gate) + gh[gate]!.value;
          return sigmoid(sum, gh[gate]!.error + ROUNDOFF * Math.abs(sum));
        });
        const ghn = gh[2]!, gated = r!.value * ghn.value, sum = gi(2) + gated;
        const sumError = r!.value * ghn.error + Math.abs(ghn.value) * r!.error + 2 * ROUNDOFF * Math.abs(gated) +
          ROUNDOFF * Math.abs(sum);
        const n = tanh(sum, sumError), h = state(column);
        const next = n.value + z!.value * (h - n.value);
        const nextError = Math.abs(h - n.value) * z!.error + (1 - z!.value) * n.error + z!.error * n.error +
          4 * ROUNDOFF * (Math.abs(h) + Math.abs(n.value));
        const set = ({ values, tolerance }: Expected, at: number, value: number, error: number) => {
          values[at] = value;
          tolerance[at] = error + TINY;
        };
        [r!, z!, n, ghn].forEach(({ value, error }, gate) => {
          set(gates, (4 * token + gate) * width + column, value, error);
        });
        if (token + 1 < end) set(states, (token + 1) * width + column, next, nextError);
        else set(last, segment * width + column, next, nextError);
      }
    }
  }
  return { states, gates, last };
}

/**
 * Backward through time: with dh the gradient of the state after a token, dn' = dh (1 - z) (1 - n^2) is that of
 * gi_n, dz' = dh (h - n) z (1 - z) that of gi_z and gh_z, dr' = dn' gh_n r (1 - r) that of gi_r and gh_r, and dn' r that
 * of gh_n. The state before it gets dh z + (dr' | dz' | dn' r) W_hh.
 *
 * Tolerance: as for {@linkcode gruOracle}, `from`, the gradients of gh that a device wrote, are multiplied by W_hh where
 * given. What remains of an error in dh is that of the terms z times dh, which only shrinks. 1 - z and 1 - n^2 are off
 * by a roundoff of 1.
 *
 * @param input Arrays and scalars.
 * @param from Gradients of gh; by default the oracle's own.
 * @returns Gradients of gi and gh.
 */
export function gruGradientOracle(input: GruGradientInput, from?: ArrayLike<number>): GruGradientExpected {
  const { parameters, offsets, quads, weightOffset, states, gates, lastGradient } = input;
  const width = 4 * quads, segments = offsets.length - 1, tokens = offsets[segments]!;
  const inputGradient = expectedZeros(3 * tokens * width), hiddenGradient = expectedZeros(3 * tokens * width);
  const current = from ?? hiddenGradient.values;
  for (let segment = 0; segment < segments; segment++) {
    const dh = Float64Array.from({ length: width }, (_, column) => lastGradient[segment * width + column]!);
    const dhError = new Float64Array(width);
    for (let token = offsets[segment + 1]! - 1; token >= offsets[segment]!; token--) {
      for (let column = 0; column < width; column++) {
        const [r, z, n, ghn] = [0, 1, 2, 3].map((gate) => gates[(4 * token + gate) * width + column]!) as [
          number,
          number,
          number,
          number,
        ];
        const h = states[token * width + column]!, d = dh[column]!, size = Math.abs(d), off = dhError[column]!;
        const set = (gate: number, value: number, error: number, factor = 1) => {
          const at = (3 * token + gate) * width + column;
          inputGradient.values[at] = value;
          inputGradient.tolerance[at] = error + TINY;
          hiddenGradient.values[at] = value * factor;
          hiddenGradient.tolerance[at] = error * factor + 2 * ROUNDOFF * Math.abs(value * factor) + TINY;
        };
        const slope = (1 - z) * (1 - n * n), dn = d * slope;
        const dnError = off * slope + size * ROUNDOFF * (6 * slope + 3 * (1 - z));
        const dz = d * (h - n) * z * (1 - z), spread = (Math.abs(h) + Math.abs(n)) * z;
        const dzError = off * Math.abs(h - n) * z * (1 - z) + size * ROUNDOFF * spread * (8 * (1 - z) + 1);
        const dr = dn * ghn * r * (1 - r), steep = Math.abs(ghn) * r;
        const drError = dnError * steep * (1 - r) + Math.abs(dn) * ROUNDOFF * steep * (8 * (1 - r) + 1);
        set(0, dr, drError);
        set(1, dz, dzError);
        set(2, dn, dnError, r);
      }
      for (let column = 0; column < width; column++) {
        const z = gates[(4 * token + 1) * width + column]!, direct = dh[column]! * z;
        let value = direct, magnitude = Math.abs(direct);
        for (let k = 0; k < 3 * width; k++) {
          const term = current[3 * token * width + k]! * parameters[4 * weightOffset + k * width + column]!;
          value += term;
          magnitude += Math.abs(term);
        }
        dhError[column] = dhError[column]! * z + (3 * width + 4) * ROUNDOFF * magnitude + TINY;
        dh[column] = value;
      }
    }
  }
  return { inputGradient, hiddenGradient };
}
