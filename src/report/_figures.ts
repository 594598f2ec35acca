/**
 * A metric as tables of this field have it: four decimals without the leading zero.
 *
 * @param value The metric.
 * @returns The figure.
 */
export function metricFigure(value: number): string {
  return value.toFixed(4).replace(/^(-?)0\./, "$1.");
}

/**
 * A share in per cent, with its sign.
 *
 * @param share The share: 0.6 is +60 %.
 * @returns The figure; one decimal below 10 %.
 */
export function percentFigure(share: number): string {
  const percent = 100 * share, digits = Math.abs(percent) < 9.95 ? 1 : 0;
  const figure = Math.abs(percent).toFixed(digits);
  return `${Number(figure) === 0 ? "±" : percent < 0 ? "−" : "+"}${figure} %`;
}

/**
 * A probability, with its sign of comparison: no more digits than it is worth.
 *
 * @param p The probability.
 * @returns Such as `= .012` or `< .0001`, which no line breaks.
 */
export function probabilityFigure(p: number): string {
  if (p < 0.0001) return "<\u00a0.0001";
  const digits = p < 0.01 || (p < 0.05 && p >= 0.0495) ? 4 : 3;
  // Rounding must not carry a probability over the mark that it is held against
  const figure = p < 0.05 ? Math.min(Number(p.toFixed(digits)), 0.0499) : p;
  return `=\u00a0${figure.toFixed(digits).replace(/^0\./, ".")}`;
}

/**
 * A number as a reader has it: no more than four digits that count.
 *
 * @param value The number.
 * @returns The figure.
 */
export function plainFigure(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return value.toLocaleString("en-US");
  return Number(value.toPrecision(4)).toString();
}

/**
 * Seconds as a reader has them.
 *
 * @param seconds The seconds.
 * @returns Such as `4.2 s`, `3 min` or `1 h 5 min`.
 */
export function durationFigure(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
}

/**
 * A count with its noun.
 *
 * @param count The count.
 * @param noun The noun, of one.
 * @returns Such as `1 seed` or `1,200 seeds`.
 */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * The name of a metric as papers have it.
 *
 * @param metric The metric.
 * @returns Such as `NDCG@10`.
 */
export function metricTitle(metric: string): string {
  return metric.toUpperCase();
}
