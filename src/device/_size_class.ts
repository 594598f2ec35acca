/**
 * Rounds a size up to its class: eight classes to a doubling, so that a buffer serves the next tensor of about its size,
 * and from eight times `least` on less than an eighth is wasted.
 *
 * @param bytes Bytes needed.
 * @param least The smallest class, a power of two; all classes are multiples of it.
 * @returns Bytes to allocate.
 */
export function sizeClass(bytes: number, least: number): number {
  if (bytes <= least) return least;
  const step = Math.max(least, 2 ** Math.floor(Math.log2(bytes)) / 8);
  return Math.ceil(bytes / step) * step;
}
