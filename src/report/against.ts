import { isInUse } from "../experiments/run_settings.ts";
import { type Summary, summaryOf } from "../experiments/summary.ts";
import { spanOf } from "./_band.ts";
import { metricFigure, metricTitle } from "./_figures.ts";
import { type Html, html } from "./_html.ts";
import { details, legend, type LegendEntry, table } from "./_parts.ts";
import { chart, Plot } from "./_plot.ts";
import type { SmoothnessEvidence } from "./items.ts";
import { type Arm, differing, type Panel, settingFigure } from "./panels.ts";

/** Lines of a chart: more could not be told apart. */
const MOST_LINES = 6;

/** A setting is drawn by its logarithm where it spans more than this. */
const LOGARITHMIC = 50;

/** How lines differ besides their colour. */
const SYMBOLS = ["circle", "triangle", "square", "diamond", "star", "wye"] as const;

/** The metric of the arms that differ by one setting alone. */
interface Series {
  readonly label: string;
  readonly at: number;
  readonly points: readonly Point[];
}

interface Point {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** What is drawn against a setting. */
interface Quantity {
  /** What the axis is called. */
  readonly title: string;
  /** It, over the seeds of an arm; undefined where it is not known. */
  readonly of: (arm: Arm) => Summary | undefined;
  /** How it reads. */
  readonly figure: (value: number) => string;
}

/**
 * The metric, and how smooth the embeddings are, against each number that the runs vary.
 *
 * @param panels The panels.
 * @param metric The metric.
 * @param options Settings to draw, none for all that have three values or more; and how smooth the embeddings are.
 * @returns The HTML.
 */
export function againstSection(
  panels: readonly Panel[],
  metric: string,
  { settings, smoothness }: {
    readonly settings: readonly string[];
    readonly smoothness: readonly SmoothnessEvidence[];
  },
): Html {
  const least = settings.length === 0 ? 3 : 2;
  const drawn = panels.flatMap((panel) => {
    const measured = smoothness.find((evidence) => evidence.panel === panel)?.byRun;
    const quantities: Quantity[] = [
      { title: `Test ${metricTitle(metric)}`, of: ({ test }) => test[metric], figure: metricFigure },
      ...measured
        ? [{ title: "J(E) / |E|²", of: smoothnessIn(measured), figure: (value: number) => value.toFixed(3) }]
        : [],
    ];
    return numbersOf(panel).filter((name) => settings.length === 0 || settings.includes(name))
      .filter((name) => seriesOf(panel, name, quantities[0]!).some(({ points }) => points.length >= least))
      .map((name) => ({ panel, name, quantities }));
  });
  if (drawn.length === 0) {
    return html`<p>No number among the settings has three values or more in these runs, so there is nothing to draw a
metric against. A sweep over <code>beta</code> or <code>layers</code> has.</p>`;
  }
  return html`${
    drawn.map(({ panel, name, quantities }) =>
      html`
        <h3>${panel.model} on ${panel.dataset}, by ${name}</h3>
        ${legend(entriesOf(panel, name, quantities[0]!))}
        <div class="pair">${quantities.map((quantity) => against(panel, name, quantity))}</div>
        <p class="caption">Means over seeds; lines up and down are one standard deviation.</p>
      `
    )
  }`;
}

function smoothnessIn(byRun: SmoothnessEvidence["byRun"]): Quantity["of"] {
  return ({ rows }) => {
    const shares = rows.flatMap((row) => byRun.get(row)?.share ?? []);
    return shares.length === 0 ? undefined : summaryOf(shares);
  };
}

/** Settings of numbers that differ within a panel. */
function numbersOf({ sevo, plain }: Panel): string[] {
  const arms = [...sevo, ...plain];
  return differing(arms).filter((name) =>
    arms.every(({ settings }) => !isInUse(settings, name) || typeof settings[name] === "number")
  );
}

function seriesOf({ sevo, plain }: Panel, name: string, { of }: Quantity): Series[] {
  const having = [...sevo, ...plain].filter(({ settings }) => isInUse(settings, name));
  const labelOf = ({ title, names, settings }: Arm) =>
    [title, ...names.filter((other) => other !== name).map((other) => `${other} ${settingFigure(settings[other])}`)]
      .join(", ");
  return [...Map.groupBy(having, labelOf)].map(([label, arms], at) => ({
    label,
    at,
    points: arms.flatMap((arm): Point[] => {
      const summary = of(arm);
      if (summary === undefined) return [];
      return [{ x: Number(arm.settings[name]), ...spanOf(summary), count: summary.count }];
    }).sort((a, b) => a.x - b.x),
  }));
}

function entriesOf(panel: Panel, name: string, quantity: Quantity): LegendEntry[] {
  const level = levelOf(panel, name);
  return [
    ...seriesOf(panel, name, quantity).slice(0, MOST_LINES)
      .map(({ label, at }) => ({ label, className: `series-${at}`, sign: at === 0 ? "line" : "short" } as const)),
    ...level ? [{ label: level.label, className: "role-plain", sign: "dashes" as const }] : [],
  ];
}

/** What does not have the setting is a level that the others are held against. */
function levelOf({ plain }: Panel, name: string): Arm | undefined {
  return plain.find(({ settings }) => !isInUse(settings, name));
}

function against(panel: Panel, name: string, quantity: Quantity): Html {
  const { title, of, figure } = quantity, all = seriesOf(panel, name, quantity), series = all.slice(0, MOST_LINES);
  const xs = series.flatMap(({ points }) => points.map(({ x }) => x)), least = Math.min(...xs), most = Math.max(...xs);
  const level = levelOf(panel, name), summary = level && of(level), band = summary && spanOf(summary);
  const isLogarithmic = least > 0 && most / least > LOGARITHMIC;
  const alt = `${title} against ${name}, ${panel.model} on ${panel.dataset}. ${
    series.map(({ label, points }) => `${label}: ${points.map(({ x, mean }) => `${figure(mean)} at ${x}`).join(", ")}`)
      .join("; ")
  }${band ? `; ${level!.label}: ${figure(band.mean)}` : ""}.`;
  return html`<figure>${
    chart({
      alt,
      width: 450,
      height: 290,
      marginLeft: 52,
      marginRight: 14,
      marginTop: 28,
      marginBottom: 40,
      x: {
        label: name,
        labelAnchor: "center",
        labelArrow: "none",
        ...isLogarithmic
          ? { type: "log", ticks: 5, tickFormat: String }
          : { ticks: Number.isInteger(most) && most - least < 8 ? most - least : 6 },
      },
      y: { label: title, labelAnchor: "top", labelArrow: "none", grid: true, nice: true, ticks: 6 },
      marks: [
        ...band && band.high > band.low
          ? [Plot.rectY([band], {
            x1: least,
            x2: most,
            y1: band.low,
            y2: band.high,
            fill: "var(--plain)",
            fillOpacity: 0.14,
          })]
          : [],
        ...band ? [Plot.ruleY([band.mean], { stroke: "var(--plain)", strokeWidth: 2, strokeDasharray: "7 4" })] : [],
        ...series.flatMap(({ points, at }) => {
          const stroke = `var(--s${at})`;
          return [
            Plot.ruleX(points, { x: "x", y1: "low", y2: "high", stroke, strokeWidth: 1.5 }),
            Plot.lineY(points, {
              x: "x",
              y: "mean",
              stroke,
              strokeWidth: 2.2,
              strokeDasharray: at === 0 ? "none" : "4 2",
            }),
            Plot.dot(points, { x: "x", y: "mean", symbol: SYMBOLS[at]!, r: 3.5, fill: stroke }),
          ];
        }),
      ],
    })
  }${all.length > MOST_LINES ? html`<p class="caption">${MOST_LINES} of ${all.length} lines are drawn.</p>` : null}${
    details(
      "The chart in figures",
      table(
        [name, ...all.map(({ label }) => label)],
        [...new Set(all.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b).map((x) => [
          x,
          ...all.map(({ points }) => {
            const point = points.find((other) => other.x === x);
            return point === undefined ? "–" : `${figure(point.mean)} (${point.count})`;
          }),
        ]),
        `${title} against ${name}, and number of runs`,
      ),
    )
  }</figure>`;
}
