import { bandOf, type BandPoint } from "./_band.ts";
import { counted, metricFigure, metricTitle } from "./_figures.ts";
import { type Html, html } from "./_html.ts";
import { details, legend, type LegendEntry, table } from "./_parts.ts";
import { chart, Plot } from "./_plot.ts";
import { ROLE_COLOURS } from "./_dot_plot.ts";
import type { Arm, Panel } from "./panels.ts";
import type { ResultRow } from "../experiments/results.ts";

/** Width and height of a chart that has another beside it. */
const WIDTH = 450, HEIGHT = 280;

/** Points of a line, and thin lines of a chart: more would be drawn over each other. */
const MOST_POINTS = 200, MOST_LINES = 40;

/** Lines of rules, which are told apart by more than their colour. */
const DASHES: Readonly<Record<LegendEntry["sign"], string>> = {
  line: "none",
  dashes: "7 4",
  short: "4 2",
  dots: "1.5 4",
  disc: "none",
};

/** A line of a chart. */
interface Line {
  readonly arm: Arm;
  readonly points: readonly BandPoint[];
  readonly isNamed: boolean;
}

/** What is drawn by epoch. */
interface Quantity {
  readonly title: string;
  readonly of: (run: ResultRow) => ReadonlyMap<number, number>;
}

/**
 * Learning curves: the metric of validation and the loss by epoch.
 *
 * @param panels The panels.
 * @param metric The metric.
 * @returns The HTML.
 */
export function curvesSection(panels: readonly Panel[], metric: string): Html {
  const quantities: Quantity[] = [
    { title: `Validation ${metricTitle(metric)}`, of: (run) => validation(run, metric) },
    { title: "Training loss", of: loss },
  ];
  const shown = panels.filter(({ sevo, plain }) => sevo.length + plain.length > 0);
  if (shown.length === 0) return html`<p>No run was trained by epochs, so there is no curve to show.</p>`;
  return html`${shown.map((panel) => panelCurves(panel, quantities))}`;
}

function panelCurves(panel: Panel, quantities: readonly Quantity[]): Html {
  const { sevo, plain, dataset, model } = panel;
  // Three are told apart, the best of each; further ones are thin, without a name of their own
  const named = [...sevo.slice(0, 1), ...plain.slice(0, 2)], rest = [...sevo.slice(1), ...plain.slice(2)];
  const drawn = rest.slice(0, MOST_LINES), arms = [...named, ...drawn], isNamed = (arm: Arm) => named.includes(arm);
  const charts = quantities.map(({ title, of }) => {
    const lines = arms.map((arm): Line => ({ arm, points: thinned(bandOf(arm.rows.map(of))), isNamed: isNamed(arm) }));
    return { title, lines: lines.filter(({ points }) => points.length > 1) };
  });
  const entries: LegendEntry[] = [
    ...named.map((arm) => ({ label: arm.label, className: `role-${arm.role}`, sign: signOf(arm, plain) })),
    ...rest.length > 0
      ? [{
        label: `${drawn.length < rest.length ? `${drawn.length} of ` : ""}${counted(rest.length, "other setting")}`,
        className: "role-rest",
        sign: "line" as const,
      }]
      : [],
  ];
  const seeds = Math.max(...arms.map(({ rows }) => rows.length));
  return html`
    <h3>${model} on ${dataset}</h3>${legend(entries)}<div class="pair">${charts.map(({ title, lines }) =>
      html`<figure>${
        lines.length === 0
          ? html`<p>${title}: fewer than two epochs have it, so there is no curve.</p>`
          : curve(title, lines, plain, `${model} on ${dataset}`)
      }</figure>`
    )}</div><p
      class="caption">${seeds > 1
        ? "Lines are means over seeds, bands one standard deviation to each side; a line ends where its first seed does."
        : "Lines are of one seed each, so they have no bands."}</p>${details(
          "The curves in figures",
          html`${charts.map(({ title, lines }) => figures(title, lines))}`,
        )}
  `;
}

/** As many points as can be told apart, the last among them. */
function thinned(points: readonly BandPoint[]): BandPoint[] {
  const every = Math.ceil(points.length / MOST_POINTS), last = points.length - 1;
  return points.filter((_, at) => (last - at) % every === 0);
}

function curve(title: string, lines: readonly Line[], plain: readonly Arm[], of: string): Html {
  const last = (line: Line) => line.points.at(-1)!;
  const alt = `${title} by epoch, ${of}. ${
    lines.filter(({ isNamed }) => isNamed)
      .map((line) => `${line.arm.label}: ${metricFigure(last(line).y)} at epoch ${last(line).x}`).join("; ")
  }.`;
  const end = Math.max(...lines.map((line) => last(line).x));
  // What is told apart is drawn over what is not
  const ordered = lines.toSorted((a, b) => Number(a.isNamed) - Number(b.isNamed));
  return chart({
    alt,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 52,
    marginRight: 12,
    marginTop: 28,
    marginBottom: 40,
    x: { label: "Epoch", labelAnchor: "center", labelArrow: "none", domain: [0, end], ticks: wholeTicks(end) },
    y: { label: title, labelAnchor: "top", labelArrow: "none", grid: true, nice: true, ticks: 6 },
    marks: ordered.flatMap(({ arm, points, isNamed }) => {
      const stroke = isNamed ? ROLE_COLOURS[arm.role] : "var(--rest)";
      return [
        ...isNamed && arm.rows.length > 1
          ? [Plot.areaY(points, { x: "x", y1: "low", y2: "high", fill: stroke, fillOpacity: 0.16 })]
          : [],
        Plot.lineY(points, {
          x: "x",
          y: "y",
          stroke,
          strokeWidth: isNamed ? 2.2 : 1,
          strokeDasharray: isNamed ? DASHES[signOf(arm, plain)] : "none",
        }),
      ];
    }),
  });
}

/** Ticks at whole epochs, eight at most. */
function wholeTicks(end: number): number[] {
  const power = 10 ** Math.floor(Math.log10(end)),
    step = [0.1, 0.2, 0.5, 1, 2].map((part) => part * power)
      .find((step) => step >= 1 && end / step <= 7)!;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, at) => at * step);
}

function figures(title: string, lines: readonly Line[]): Html {
  const named = lines.filter(({ isNamed }) => isNamed);
  const epochs = [...new Set(named.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  // Loss has a figure for every epoch: some twenty show its course
  const every = Math.ceil(epochs.length / 20),
    kept = epochs.filter((_, at) => at % every === 0 || at === epochs.length - 1);
  const rows = kept.map((epoch) => [
    epoch,
    ...named.map(({ points }) => {
      const point = points.find(({ x }) => x === epoch);
      return point === undefined ? "–" : metricFigure(point.y);
    }),
  ]);
  return html`<h4>${title}</h4>${table(["Epoch", ...named.map(({ arm }) => arm.label)], rows, `${title} by epoch`)}`;
}

function validation({ run: { events } }: ResultRow, metric: string): Map<number, number> {
  return new Map(events.flatMap((event) => {
    if (event.type !== "evaluation" || event.split !== "valid") return [];
    const value = (event.metrics as unknown as Record<string, number>)[metric];
    return value === undefined ? [] : [[event.epoch, value] as const];
  }));
}

function loss({ run: { events } }: ResultRow): Map<number, number> {
  return new Map(events.flatMap((event) => event.type === "epoch" ? [[event.epoch, event.loss] as const] : []));
}

function signOf(arm: Arm, plain: readonly Arm[]): LegendEntry["sign"] {
  if (arm.role === "sevo") return "line";
  return plain.indexOf(arm) === 0 ? "dashes" : "dots";
}
