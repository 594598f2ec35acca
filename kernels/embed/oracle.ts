import { type Expected, expectedZeros, ROUNDOFF, TINY } from "../_check.ts";
import { dropoutFactors, type DropoutScalars } from "../_dropout_check.ts";
import { NO_ROW } from "./embed.ts";

/** Arrays and scalars of one launch of `embed`. */
export interface EmbedInput {
  readonly table: ArrayLike<number>;
  readonly ids: Uint32Array;
  /** The position of each token, or `null` for none. */
  readonly positionIds: Uint32Array | null;
  readonly positions: ArrayLike<number> | null;
  /** Quads of `positions` before its table. */
  readonly positionsOffset: number;
  readonly quads: number;
  readonly factor: number;
  readonly dropout: DropoutScalars;
}

/** Arrays and scalars of one launch of `embedGradient`. */
export interface EmbedGradientInput {
  readonly outputGradient: ArrayLike<number>;
  /** Both before the launch. */
  readonly tableRows: ArrayLike<number>;
  readonly positionRows: ArrayLike<number> | null;
  readonly tokens: number;
  readonly quads: number;
  readonly firstRow: number;
  readonly factor: number;
  readonly dropout: DropoutScalars;
}

/** What `embedGradient` leaves behind. */
export interface EmbedGradientExpected {
  readonly tableRows: Expected;
  readonly positionRows: Expected | null;
}

/**
 * output[t] = mask * scale * (factor * table[ids[t]] + positions[positionIds[t]]), and 0 where there is no row.
 *
 * Tolerance: two products and a sum round, so 3 roundoffs of the magnitudes, and one more for their products.
 *
 * @param input Arrays and scalars.
 * @returns The output.
 */
export function embedOracle(input: EmbedInput): Expected {
  const { table, ids, positions, positionIds, factor } = input, width = 4 * input.quads;
  const mask = dropoutFactors(input.dropout);
  const output = expectedZeros(ids.length * width);
  ids.forEach((id, token) => {
    if (id === NO_ROW) return;
    for (let column = 0; column < width; column++) {
      const at = token * width + column, own = factor * table[id * width + column]!;
      const position = positionIds ? positions![4 * input.positionsOffset + positionIds[token]! * width + column]! : 0;
      output.values[at] = mask(at) * (own + position);
      output.tolerance[at] = mask(at) * (4 * ROUNDOFF * (Math.abs(own) + Math.abs(position)) + TINY);
    }
  });
  return output;
}

/**
 * With d = mask * scale * outputGradient[t]: tableRows[firstRow + t] = factor * d and positionRows[t] = d, the rest as
 * before.
 *
 * Tolerance: a roundoff for each product, and as much again for their products.
 *
 * @param input Arrays and scalars.
 * @returns The rows.
 */
export function embedGradientOracle(input: EmbedGradientInput): EmbedGradientExpected {
  const { outputGradient, tokens, firstRow, factor } = input, width = 4 * input.quads;
  const mask = dropoutFactors(input.dropout);
  const tableRows: Expected = { ...expectedZeros(input.tableRows.length), values: Float64Array.from(input.tableRows) };
  const positionRows: Expected | null = input.positionRows &&
    { ...expectedZeros(input.positionRows.length), values: Float64Array.from(input.positionRows) };
  for (let at = 0; at < tokens * width; at++) {
    const d = mask(at) * outputGradient[at]!, error = mask(at) === 0 ? 0 : 2 * ROUNDOFF * Math.abs(d) + TINY;
    tableRows.values[firstRow * width + at] = factor * d;
    tableRows.tolerance[firstRow * width + at] = 2 * Math.abs(factor) * error + TINY;
    if (!positionRows) continue;
    positionRows.values[at] = d;
    positionRows.tolerance[at] = error;
  }
  return { tableRows, positionRows };
}
