import type { RunRecord } from "../files/run_record.ts";
import { DEFAULT_METRIC } from "../recommend/metric_name.ts";
import { type RunSettings, settingsOf, varyingSettings } from "./run_settings.ts";
import { type Summary, summaryOf } from "./summary.ts";

/** What a run came to. */
export interface ResultRow {
  /** What it is called: its path without what all the paths begin with. */
  readonly name: string;
  /** What its files say. */
  readonly run: RunRecord;
  /** All its settings. */
  readonly settings: RunSettings;
  /** Whether it has finished. */
  readonly status: "finished" | "unfinished";
  /** Metrics of the test, by their names in metrics.json; null where it has not finished. */
  readonly test: Readonly<Record<string, number>> | null;
  /** The metric that picked its best epoch. */
  readonly metric: string;
  /** That metric of validation at the best epoch; null where it has not finished. */
  readonly valid: number | null;
  /** The best epoch; null where it has not finished. */
  readonly bestEpoch: number | null;
  /** Epochs trained so far. */
  readonly epochsTrained: number;
  /** Seconds of training and ranking so far, of all processes that had a part in it. */
  readonly seconds: number;
}

/** Runs that differ by their seed alone. */
export interface ResultGroup {
  /** All settings but the seed. */
  readonly settings: RunSettings;
  /** The finished runs, each seed once: those that are averaged. */
  readonly rows: readonly ResultRow[];
  /** Runs that are not averaged: unfinished ones, and those of a seed that is there already. */
  readonly leftOut: readonly ResultRow[];
  /** Metrics of the test over the seeds, by their names; empty where no run has finished. */
  readonly test: Readonly<Record<string, Summary>>;
  /** The metric of validation over the seeds, and so on; null where no run has finished. */
  readonly valid: Summary | null;
  /** The best epochs. */
  readonly bestEpoch: Summary | null;
  /** Epochs trained. */
  readonly epochsTrained: Summary | null;
  /** Seconds of training and ranking. */
  readonly seconds: Summary | null;
}

/** What runs came to, beside each other. */
export interface Results {
  /** Settings that differ between the runs, `seed` last. */
  readonly varying: readonly string[];
  /** Names of the metrics of the test, in the order of metrics.json. */
  readonly metrics: readonly string[];
  /** The metric that the runs were picked by, where it is the same of all; else NDCG@10. */
  readonly metric: string;
  /** A row a run, in the order given. */
  readonly rows: readonly ResultRow[];
  /** Runs that differ by their seed alone, in the order of the first of each. */
  readonly groups: readonly ResultGroup[];
  /** What a reader has to know before comparing, in sentences. */
  readonly warnings: readonly string[];
}

/**
 * Puts runs beside each other: what differs between them, what they came to, and means over seeds. Runs on other data, or
 * measured by another protocol, are never averaged together.
 *
 * @param runs The runs.
 * @returns The results.
 */
export function resultsOf(runs: readonly RunRecord[]): Results {
  const settings = settingsOf(runs), names = namesOf(runs.map(({ path }) => path));
  const rows = runs.map((run, at) => rowOf(run, names[at]!, settings[at]!));
  const groups = [...Map.groupBy(rows, identityOf).values()].flatMap(byProtocol).map(groupOf);
  const chosen = new Set(rows.map(({ metric }) => metric));
  const metrics = new Set(rows.flatMap(({ test }) => Object.keys(test ?? {})));
  return {
    varying: varyingSettings(settings),
    metrics: [...metrics],
    metric: chosen.size === 1 ? [...chosen][0]! : DEFAULT_METRIC,
    rows,
    groups,
    warnings: warningsOf(rows, groups),
  };
}

function rowOf(run: RunRecord, name: string, settings: RunSettings): ResultRow {
  const { metrics, events } = run, metric = String(settings["metric"] ?? DEFAULT_METRIC);
  return {
    name,
    run,
    settings,
    status: metrics === null ? "unfinished" : "finished",
    test: metrics && { ...metrics.test },
    metric,
    valid: (metrics?.valid as Readonly<Record<string, number>> | undefined)?.[metric] ?? null,
    bestEpoch: metrics?.bestEpoch ?? null,
    epochsTrained: events.reduce((most, event) => event.type === "epoch" ? Math.max(most, event.epoch) : most, 0),
    seconds: events.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

/** What runs have in common that differ by their seed alone. */
function identityOf({ run: { dataset }, settings: { seed: _, ...settings } }: ResultRow): string {
  const entries = Object.entries(settings).sort(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify([dataset.digest, entries]);
}

/** Parts runs of equal settings by how they were measured. One that has not finished does not say it, and goes with the first. */
function byProtocol(rows: readonly ResultRow[]): ResultRow[][] {
  const first = rows.find(({ status }) => status === "finished")?.run.metrics?.protocol;
  return [...Map.groupBy(rows, ({ run: { metrics } }) => metrics?.protocol ?? first).values()];
}

function groupOf(all: readonly ResultRow[]): ResultGroup {
  const { seed: _, ...settings } = all[0]!.settings, seeds = new Set<unknown>();
  const rows = all.filter(({ status, settings: { seed } }) => {
    if (status === "unfinished" || seeds.has(seed)) return false;
    seeds.add(seed);
    return true;
  });
  const over = (value: (row: ResultRow) => number | null) => {
    const values = rows.map(value).filter((each) => each !== null);
    return values.length === 0 ? null : summaryOf(values);
  };
  return {
    settings,
    rows,
    leftOut: all.filter((row) => !rows.includes(row)),
    test: Object.fromEntries(
      Object.keys(rows[0]?.test ?? {}).flatMap((name) => {
        const summary = over(({ test }) => test![name] ?? null);
        return summary === null ? [] : [[name, summary]];
      }),
    ),
    valid: over(({ valid }) => valid),
    bestEpoch: over(({ bestEpoch }) => bestEpoch),
    epochsTrained: over(({ epochsTrained }) => epochsTrained),
    seconds: over(({ seconds }) => seconds),
  };
}

/** Paths without the folders that all of them begin with. */
function namesOf(paths: readonly string[]): string[] {
  const parts = paths.map((path) => path.split("/").filter((part) => part !== ""));
  let shared = 0;
  const least = parts.reduce((least, { length }) => Math.min(least, length - 1), parts[0]?.length ?? 0);
  while (shared < least && parts.every((each) => each[shared] === parts[0]![shared])) shared++;
  return parts.map((each) => each.slice(shared).join("/"));
}

function warningsOf(rows: readonly ResultRow[], groups: readonly ResultGroup[]): string[] {
  const warnings: string[] = [];
  const unfinished = rows.filter(({ status }) => status === "unfinished");
  if (unfinished.length > 0) {
    const [have, are] = unfinished.length === 1 ? ["has", "is"] : ["have", "are"];
    warnings.push(
      `${unfinished.length} of ${rows.length} runs ${have} not finished and ${are} left out of the means`,
    );
  }
  for (const { rows: averaged, leftOut } of groups) {
    for (const row of leftOut.filter(({ status }) => status === "finished")) {
      const first = averaged.find(({ settings: { seed } }) => seed === row.settings["seed"])!;
      const which = row.settings["seed"] === undefined ? "" : `, seed ${row.settings["seed"]},`;
      warnings.push(`'${row.name}'${which} is the same run as '${first.name}' and not averaged with it`);
    }
  }
  const finished = rows.flatMap(({ run: { metrics, dataset } }) => metrics === null ? [] : [{ ...metrics, dataset }]);
  const datasets = new Set(finished.map(({ dataset: { digest } }) => digest));
  if (datasets.size > 1) warnings.push(`the runs are on ${datasets.size} datasets: compare those of the same alone`);
  const protocols = new Set(finished.map(({ protocol }) => protocol));
  if (protocols.size > 1) {
    warnings.push(
      `the runs were measured in ${protocols.size} ways, which do not compare: ${[...protocols].join("; ")}`,
    );
  }
  const versions = new Set(finished.map(({ version }) => version));
  if (versions.size > 1) {
    warnings.push(`the runs are of ${versions.size} versions of the program: ${[...versions].join(", ")}`);
  }
  return warnings;
}
