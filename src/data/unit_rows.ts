/**
 * Divides rows by their lengths, in place: their dot products are cosines then. A row of zeros stays one.
 *
 * @param data The rows, row-major.
 * @param width Elements of a row.
 * @returns The rows.
 */
export function unitRows<T extends Float32Array>(data: T, width: number): T {
  for (let begin = 0; begin < data.length; begin += width) {
    const row = data.subarray(begin, begin + width);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length > 0) row.forEach((value, at) => row[at] = value / length);
  }
  return data;
}
