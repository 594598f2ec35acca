import { summaryOf } from "../experiments/summary.ts";
import { spanOf } from "./_band.ts";
import { counted } from "./_figures.ts";
import { type Html, html } from "./_html.ts";
import { chart, Plot } from "./_plot.ts";
import type { Arm } from "./panels.ts";

/** Colour of a part in the comparison, as a variable of the page's style. */
export const ROLE_COLOURS: Readonly<Record<Arm["role"], string>> = {
  sevo: "var(--sevo)",
  plain: "var(--plain)",
  untrained: "var(--other)",
};

/** A row of the chart: values, one a seed, whose mean and deviation are drawn with them. */
export interface DotRow {
  /** What it is called. */
  readonly label: string;
  /** Its part in the comparison. */
  readonly role: Arm["role"];
  /** Its values, one at least. */
  readonly values: readonly number[];
}

/** How the rows are drawn. */
export interface DotPlotOptions {
  /** Name of the axis, with its unit. */
  readonly axis: string;
  /** Whether values are changes: in per cent, with a line at zero. */
  readonly zero: boolean;
  /** How a value reads. */
  readonly figure: (value: number) => string;
}

/**
 * Rows of dots with their mean and deviation, wide and narrow.
 *
 * @param rows The rows.
 * @param options How they are drawn.
 * @returns The HTML.
 */
export function dotPlot(rows: readonly DotRow[], options: DotPlotOptions): Html {
  // Text of a chart shrinks with it: a telephone has one of its own
  return html`${drawing(rows, options, 940, "chart wide")}${drawing(rows, options, 360, "chart narrow")}`;
}

function drawing(
  rows: readonly DotRow[],
  { axis, zero, figure }: DotPlotOptions,
  width: number,
  className: string,
): Html {
  const isNarrow = width < 500, rowHeight = isNarrow ? 50 : 38, height = rows.length * rowHeight + 52;
  const alt = `${axis}. ${
    rows.map(({ label, values }) => `${label}: ${figure(summaryOf(values).mean)} (${counted(values.length, "run")})`)
      .join("; ")
  }.`;
  const marked = rows.map((row, at) => {
    return { ...row, at: String(at), ...spanOf(summaryOf(row.values)), fill: ROLE_COLOURS[row.role] };
  });
  type Marked = typeof marked[number];
  const seeds = marked.flatMap(({ at, values, fill }) => values.map((value) => ({ at, value, fill })));
  const left = isNarrow ? 18 : Math.min(330, 28 + 8 * Math.max(...rows.map(({ label }) => label.length)));
  const scale = zero ? 100 : 1, x = (value: number) => value * scale;
  return chart({
    alt,
    width,
    height,
    className,
    marginLeft: left,
    marginRight: isNarrow ? 60 : 84,
    marginTop: isNarrow ? 20 : 8,
    marginBottom: 44,
    x: {
      label: axis,
      labelAnchor: "center",
      labelArrow: "none",
      grid: true,
      nice: true,
      zero: false,
      ticks: isNarrow ? 4 : 8,
    },
    y: { axis: null, type: "band", domain: marked.map(({ at }) => at) },
    marks: [
      ...zero ? [Plot.ruleX([0], { stroke: "var(--ink)", strokeWidth: 1 })] : [],
      Plot.link(marked, {
        x1: (row: Marked) => x(row.low),
        x2: (row: Marked) => x(row.high),
        y: "at",
        stroke: "fill",
        strokeWidth: 2,
      }),
      Plot.dot(seeds, {
        x: (seed: { value: number }) => x(seed.value),
        y: "at",
        r: 4.5,
        stroke: "fill",
        fill: "fill",
        fillOpacity: 0.25,
        strokeWidth: 1.5,
      }),
      Plot.tickX(marked, {
        x: (row: Marked) => x(row.mean),
        y: "at",
        stroke: "fill",
        strokeWidth: 4,
        insetTop: isNarrow ? 14 : 7,
        insetBottom: isNarrow ? 14 : 7,
      }),
      Plot.text(marked, {
        y: "at",
        text: "label",
        frameAnchor: "left",
        textAnchor: isNarrow ? "start" : "end",
        dx: isNarrow ? 0 : -14,
        dy: isNarrow ? -19 : 0,
        fill: "var(--ink)",
      }),
      Plot.text(marked, {
        y: "at",
        text: (row: Marked) => figure(row.mean),
        frameAnchor: "right",
        textAnchor: "start",
        dx: 10,
        fontWeight: "600",
        fill: "var(--ink)",
      }),
    ],
  });
}
