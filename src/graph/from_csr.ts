import { checkOptions, checkType } from "../options.ts";
import type { NormalisedCsr } from "./_build.ts";
import { ACTION, checkArray, checkLength, checkRow, type Integers } from "./_checks.ts";

/** A matrix in compressed sparse rows for {@linkcode Graph.fromCsr}. */
export interface CsrArrays {
  /** Where each row begins, and where the last ends: rows + 1 ascending numbers from 0. */
  readonly rowOffsets: Integers;
  /** Column of each entry, in [0, rows). */
  readonly columns: Integers;
  /** Value of each entry. */
  readonly values: ArrayLike<number>;
}

const CSR_ARRAYS: readonly (keyof CsrArrays)[] = ["rowOffsets", "columns", "values"];

/**
 * See {@linkcode Graph.fromCsr}.
 *
 * @param csr The matrix.
 * @returns A copy.
 */
export function checkedCsr(csr: CsrArrays): NormalisedCsr {
  checkOptions(ACTION, csr, CSR_ARRAYS, "the matrix");
  const { rowOffsets, columns, values } = csr;
  checkArray("rowOffsets", rowOffsets);
  checkArray("columns", columns);
  checkArray("values", values);
  if (rowOffsets.length === 0) {
    throw new TypeError(`${ACTION} as rowOffsets must have at least one element`);
  }
  const rows = rowOffsets.length - 1;
  checkLength("values", values.length, columns.length, "columns");
  for (let row = 0; row <= rows; row++) {
    const below = row === 0 ? 0 : rowOffsets[row - 1]!;
    const expected = row === 0 ? rowOffsets[0] === 0 : Number.isInteger(rowOffsets[row]) && rowOffsets[row]! >= below;
    if (!expected) {
      throw new RangeError(
        `${ACTION} as rowOffsets must ascend from 0: value ${row} is ${rowOffsets[row]}`,
      );
    }
  }
  checkLength("columns", columns.length, rowOffsets[rows]!, "entries of rowOffsets");
  for (let at = 0; at < columns.length; at++) {
    checkRow("column", columns[at]!, rows);
    if (typeof values[at] !== "number") checkType(ACTION, `value ${at}`, values[at], "number");
    if (!Number.isFinite(Math.fround(values[at]!))) {
      throw new RangeError(`${ACTION} as value ${at} must be finite: current value is ${values[at]}`);
    }
  }
  return {
    rowOffsets: Uint32Array.from(rowOffsets),
    columns: Uint32Array.from(columns),
    values: Float32Array.from(values),
    degrees: null,
  };
}
