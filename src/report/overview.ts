import { metricFigure, metricTitle, percentFigure } from "./_figures.ts";
import { type Html, html } from "./_html.ts";
import { dotPlot, type DotRow } from "./_dot_plot.ts";
import { type Pair, type Panel, valuesOf } from "./panels.ts";

/**
 * The chart of the first screen: of one panel its groups by their metric, of several how much SEvo changes it in each.
 *
 * @param panels The panels.
 * @param metric The metric.
 * @returns The HTML; empty where there is nothing to compare.
 */
export function overviewSection(panels: readonly Panel[], metric: string): Html {
  const shown = panels.filter(({ pairs }) => pairs.length > 0);
  const { rows, axis, zero, figure, caption } = shown.length > 1
    ? changes(shown, metric)
    : levels(shown[0] ?? panels[0]!, metric);
  if (rows.length === 0) return html``;
  return html`<figure>${dotPlot(rows, { axis, zero, figure })}<figcaption>${caption}</figcaption></figure>`;
}

function levels({ dataset, model, sevo, plain, untrained, pairs: [best] }: Panel, metric: string) {
  const rule = best === undefined ? plain : [best.plain, ...plain.filter((arm) => arm !== best.plain)];
  // The other settings with SEvo have charts of their own
  const arms = best === undefined ? [...sevo, ...plain, ...untrained] : [best.sevo, ...rule, ...untrained];
  const rows = arms.map((arm): DotRow => ({ label: arm.label, role: arm.role, values: valuesOf(arm, metric) }))
    .filter(({ values }) => values.length > 0).slice(0, 14);
  return {
    rows,
    axis: `Test ${metricTitle(metric)}`,
    zero: false,
    figure: metricFigure,
    caption: html`<b>${[model, dataset].filter(Boolean).join(" on ")}.</b> A circle is a seed, the bar their mean, the
line one standard deviation to each side. Higher is better.`,
  };
}

function changes(panels: readonly Panel[], metric: string) {
  const shares = ({ before, differences }: Pair) => differences.map((difference) => difference / before);
  const rows = panels.map(({ dataset, model, pairs: [best] }): DotRow => ({
    label: `${dataset}, ${model}`,
    role: "sevo",
    values: shares(best!),
  }));
  return {
    rows,
    axis: `Change of test ${metricTitle(metric)} by SEvo, %`,
    zero: true,
    figure: percentFigure,
    caption: html`A circle is a seed: what SEvo changes against the plain rule with the same seed, in per cent of the
plain mean. The bar is the mean, the line one standard deviation to each side. Right of zero SEvo is better.`,
  };
}
