import { leastWilcoxon } from "../experiments/paired_test.ts";
import type { Results } from "../experiments/results.ts";
import { isInUse } from "../experiments/run_settings.ts";
import { type Summary, summaryOf } from "../experiments/summary.ts";
import { durationFigure, metricFigure, metricTitle, percentFigure, probabilityFigure } from "./_figures.ts";
import { type Html, html } from "./_html.ts";
import { details, table } from "./_parts.ts";
import { type Panel, settingFigure } from "./panels.ts";

/** Metrics of the table, where the runs have them: those of the paper. */
const METRICS = ["hr@1", "hr@5", "hr@10", "ndcg@5", "ndcg@10"];

/**
 * Means and deviations of all groups, and the runs one by one.
 *
 * @param panels The panels.
 * @param results The results that they come of.
 * @param metric The metric that is compared.
 * @returns The HTML.
 */
export function groupsSection(panels: readonly Panel[], results: Results, metric: string): Html {
  const metrics = [...new Set([...METRICS.filter((name) => results.metrics.includes(name)), metric])];
  const seen = new Set<string>();
  const listed = panels.flatMap((panel) => {
    // Baselines belong to a dataset, whichever models it has
    const untrained = seen.has(panel.digest) ? [] : panel.untrained;
    seen.add(panel.digest);
    return [...panel.sevo, ...panel.plain, ...untrained].map((arm) => ({ panel, arm }));
  });
  const settings = [...new Set(listed.flatMap(({ arm }) => arm.names))];
  const datasets = new Set(panels.map(({ digest }) => digest)), models = new Set(panels.map(({ model }) => model));
  const rows = listed.map(({ panel: { model, dataset }, arm: { title, role, rows, test, settings: own } }) => [
    html`<i class="disc role-${role}"></i>${title}`,
    ...models.size > 1 ? [role === "untrained" ? "–" : model] : [],
    ...datasets.size > 1 ? [dataset] : [],
    ...settings.map((name) => isInUse(own, name) ? settingFigure(own[name]) : "–"),
    rows.length,
    ...metrics.map((name) => summaryFigure(test[name])),
    role === "untrained" ? "–" : rangeOf(rows.map(({ bestEpoch }) => bestEpoch ?? 0)),
    durationFigure(summaryOf(rows.map(({ seconds }) => seconds)).mean),
  ]);
  const head = [
    "Rule",
    ...models.size > 1 ? ["Model"] : [],
    ...datasets.size > 1 ? ["Dataset"] : [],
    ...settings,
    "Seeds",
    ...metrics.map(metricTitle),
    "Best epoch",
    "Time",
  ];
  return html`
    ${table(head, rows, "Groups of runs, means over their seeds")}
    <p
      class="caption">Metrics of the test at the epoch that validates best: mean over seeds ± sample standard deviation. The time is that of one run.</p>
    ${details(`All ${results.rows.length} runs`, runsTable(results, metrics))}
  `;
}

function rangeOf(epochs: readonly number[]): string {
  const least = Math.min(...epochs), most = Math.max(...epochs);
  return least === most ? `${least}` : `${least}–${most}`;
}

function summaryFigure(summary: Summary | undefined): string | Html {
  if (summary === undefined) return "–";
  const { mean, deviation } = summary;
  return deviation === null
    ? metricFigure(mean)
    : html`${metricFigure(mean)} <small>± ${metricFigure(deviation)}</small>`;
}

function runsTable({ rows, varying }: Results, metrics: readonly string[]): Html {
  const head = ["Run", ...varying, ...metrics.map(metricTitle), "Best epoch", "Seconds", "Device", "Weights"];
  return table(
    head,
    rows.map(({ name, settings, test, bestEpoch, seconds, run }) => [
      name,
      ...varying.map((key) => settingFigure(settings[key])),
      ...metrics.map((metric) => test?.[metric] === undefined ? "–" : metricFigure(test[metric])),
      bestEpoch ?? "unfinished",
      seconds.toFixed(1),
      run.metrics?.device ?? "–",
      run.metrics?.digest.slice(0, 12) ?? "–",
    ]),
    "Runs",
  );
}

/**
 * The paired tests of every smoothed group against its plain one.
 *
 * @param panels The panels.
 * @param metric The metric that is compared.
 * @returns The HTML.
 */
export function testsSection(panels: readonly Panel[], metric: string): Html {
  const pairs = panels.flatMap((panel) => panel.pairs.map((pair) => ({ panel, pair })));
  if (pairs.length === 0) {
    return html`<p>No run with SEvo has a plain run of the same rule, settings and seed beside it, so nothing is paired.</p>`;
  }
  const isOverUsers = pairs.some(({ pair }) => pair.overUsers !== null);
  const head = [
    "With SEvo",
    "Against",
    ...panels.length > 1 ? ["Model", "Dataset"] : [],
    "Seeds",
    "Difference",
    "Change",
    "SEvo ahead",
    "p, t",
    "p, Wilcoxon",
    ...isOverUsers ? ["Users", "p, t (users)", "p, Wilcoxon (users)"] : [],
  ];
  const rows = pairs.map(({ panel: { model, dataset }, pair }) => {
    const { sevo, plain, differences, overSeeds, overUsers, before, after } = pair;
    return [
      sevo.label,
      plain.label,
      ...panels.length > 1 ? [model, dataset] : [],
      differences.length,
      signed(after - before),
      before > 0 ? percentFigure(after / before - 1) : "–",
      `${differences.filter((difference) => difference > 0).length} of ${differences.length}`,
      probability(overSeeds?.t?.p),
      probability(overSeeds?.wilcoxon?.p),
      ...isOverUsers
        ? [
          overUsers?.count.toLocaleString("en-US") ?? "–",
          probability(overUsers?.t?.p),
          probability(overUsers?.wilcoxon?.p),
        ]
        : [],
    ];
  });
  const most = Math.max(...pairs.map(({ pair: { differences } }) => differences.length));
  return html`${table(head, rows, "Paired tests")}
<p class="caption">Test ${
    metricTitle(metric)
  } with SEvo less that without, of the same seed. Student’s paired t test and
Wilcoxon’s signed-rank test, both two-sided. ${
    most >= 2 && most < 6
      ? `With ${most} seeds Wilcoxon’s test can give no p below ${
        metricFigure(leastWilcoxon(most))
      }, whatever they say. `
      : ""
  }${
    !isOverUsers
      ? "There is no test over users, as these runs do not have the ranks of their targets (ranks.parquet) for both rules. "
      : "Over users the pairs are users, each with the mean over the seeds: it asks whether other users would say the same, not whether other seeds would. "
  }${pairs.length > 1 ? `The probabilities are not corrected for there being ${pairs.length} tests.` : ""}</p>`;
}

function signed(difference: number): string {
  return `${difference < 0 ? "−" : "+"}${metricFigure(Math.abs(difference))}`;
}

function probability(p: number | undefined): string {
  return p === undefined ? "–" : probabilityFigure(p).replace(/^=\u00a0/, "");
}
