import type { RankingMetrics } from "../../src/recommend/metrics.ts";
import type { TrainingEvent } from "../../src/training/train.ts";
import { markdownTable } from "../cli/markdown_table.ts";
import { median } from "../cli/median.ts";
import { type CurvePoint, type Experiment, publishedCurve, publishedTest } from "./published.ts";

/** How far beyond the published range a point may lie. */
const WIDENED = 0.1;

/** Standard deviations that a result may be off. */
const DEVIATIONS = 2;

/** What there is of a run. */
export interface Progress {
  /** The run. */
  readonly experiment: Experiment;
  /** Command that it was made with. */
  readonly command: string;
  /** Its events so far. */
  readonly events: readonly TrainingEvent[];
  /** What it was trained with, where it has finished. */
  readonly device: string | null;
}

/** Columns of the table of full runs; the first four tell them apart. */
const FULL_HEAD = [
  "dataset",
  "model",
  "rule",
  "seed",
  "epochs",
  "best",
  "valid NDCG@10",
  "test NDCG@10",
  "published",
  "",
  "s/epoch",
  "device",
];

/** Columns of the table of curves; the first four tell its points apart. */
const CURVE_HEAD = ["dataset", "model", "seed", "epoch", "NDCG@10", "published", "", "loss", "published", ""];

/** Columns that name a row. */
const KEY = 4;

/**
 * The report of the reproduction, in Markdown: learning curves and results next to the published ones.
 *
 * @param runs The runs, finished or not.
 * @param earlier A document with an earlier report: runs that have no events keep the rows they have there.
 * @returns The text.
 */
export function reproductionReport(runs: readonly Progress[], earlier = ""): string {
  const kept = earlier.split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const rowOf = ({ events }: Progress, row: string[]) =>
    events.length > 0 ? row : kept.find((cells) => isSameRow(cells, row)) ?? row;
  const full = runs.filter(({ experiment }) => publishedTest(experiment) !== null);
  const followed = runs.filter(({ experiment }) => experiment.seed === 1);
  const curveRows = (run: Progress) => publishedCurve(run.experiment).map((point) => rowOf(run, curveRow(run, point)));
  return [
    "## Sequence models, published settings",
    "",
    "Written by `deno task reproduce`. Seconds are the median of a training epoch, on machines that may have done other work",
    "beside it; the device is the one that a run ended on.",
    "",
    "### Full runs",
    "",
    "Published are means and sample standard deviations over five seeds. That of plain AdamW is read off a figure, and its",
    "settings were not published: ours are those of SEvo without the smoothing.",
    "",
    ...markdownTable(FULL_HEAD, full.map((run) => rowOf(run, fullRow(run)))),
    "",
    "### Learning curves",
    "",
    "Validation NDCG@10 beside the range of the five published seeds, and the mean training loss beside theirs; inside means",
    `inside what was published, widened by ${100 * WIDENED} %.`,
    "",
    ...markdownTable(CURVE_HEAD, followed.flatMap(curveRows)),
    "",
    "### Commands",
    "",
    "```sh",
    ...runs.map(({ command }) => command),
    "```",
    "",
  ].join("\n");
}

/** Whether two rows are of the same table and name the same thing. */
function isSameRow(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.slice(0, KEY).every((cell, at) => cell === other[at]);
}

/** Where the report begins and ends in a document. */
const BEGIN = "<!-- reproduction -->", END = "<!-- end of reproduction -->";

/**
 * Puts a report in the place of the one before it.
 *
 * @param document A document with or without a report.
 * @param report The report.
 * @returns The document with the report, at its end where there was none.
 */
export function withReport(document: string, report: string): string {
  const begin = document.indexOf(BEGIN), end = document.indexOf(END);
  const section = `${BEGIN}\n\n${report}\n${END}`;
  if (begin < 0 || end < begin) return `${document.trimEnd()}\n\n${section}\n`.trimStart();
  return document.slice(0, begin) + section + document.slice(end + END.length);
}

function fullRow({ experiment, events, device }: Progress): string[] {
  const { dataset, model, optimizer, seed } = experiment;
  const epochs = events.filter((event) => event.type === "epoch");
  const valids = events.filter((event) => event.type === "evaluation" && event.split === "valid");
  const test = events.find((event) => event.type === "evaluation" && event.split === "test");
  const ndcg = (event: TrainingEvent) => event.type === "evaluation" ? valueOf(event.metrics) : NaN;
  const best = valids.reduce((best, event) => best && ndcg(best) >= ndcg(event) ? best : event, valids[0]);
  const { mean, deviation } = publishedTest(experiment)!;
  const verdict = () => {
    if (!test) return "unfinished";
    if (deviation === null) return "";
    return Math.abs(ndcg(test) - mean) <= DEVIATIONS * deviation ? "within 2 deviations" : "outside 2 deviations";
  };
  return [
    dataset,
    model,
    optimizer,
    `${seed}`,
    `${epochs.length}`,
    best ? `${best.epoch}` : "",
    best ? four(ndcg(best)) : "",
    test ? four(ndcg(test)) : "",
    deviation === null ? four(mean) : `${four(mean)} ± ${four(deviation)}`,
    verdict(),
    epochs.length > 0 ? median(epochs.map(({ seconds }) => seconds)).toFixed(2) : "",
    device ?? "",
  ];
}

function curveRow({ experiment, events }: Progress, { epoch, valid: [least, greatest], loss }: CurvePoint): string[] {
  const { dataset, model, seed } = experiment;
  const trained = events.find((event) => event.type === "epoch" && event.epoch === epoch);
  const validated = events.find((event) =>
    event.type === "evaluation" && event.split === "valid" && event.epoch === epoch
  );
  const within = (value: number, low: number, high: number) =>
    value >= low * (1 - WIDENED) && value <= high * (1 + WIDENED) ? "inside" : "outside";
  const own = trained?.type === "epoch" ? trained.loss : null;
  const ndcg = validated?.type === "evaluation" ? valueOf(validated.metrics) : null;
  return [
    dataset,
    model,
    `${seed}`,
    `${epoch}`,
    ndcg === null ? "" : four(ndcg),
    `${four(least)}-${four(greatest)}`,
    ndcg === null ? "unfinished" : within(ndcg, least, greatest),
    own === null ? "" : own.toFixed(3),
    loss.toFixed(3),
    own === null ? "" : within(own, loss, loss),
  ];
}

function valueOf(metrics: RankingMetrics): number {
  return metrics["ndcg@10"]!;
}

function four(value: number): string {
  return value.toFixed(4).replace(/^0/, "");
}
