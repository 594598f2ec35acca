import type { MetricName } from "../recommend/metric_name.ts";
import { type PairedTest, pairedTest } from "./paired_test.ts";
import type { ResultGroup, ResultRow, Results } from "./results.ts";
import { isInUse, type RunSetting } from "./run_settings.ts";
import { summaryOf } from "./summary.ts";
import { userValues } from "./user_values.ts";

/** Which runs are compared: those with one value of a setting against those with another. */
export interface ComparisonRequest {
  /** The setting. */
  readonly setting: string;
  /** Its value in the runs that are spoken of. */
  readonly value: string;
  /** Its value in the runs that they are held against. */
  readonly against: string;
}

/** Two groups of runs and whether the difference between them is luck. Differences are those of the first to the second. */
export interface Comparison {
  /** What was asked for. */
  readonly request: ComparisonRequest;
  /** The metric that is compared. */
  readonly metric: MetricName;
  /** The runs that are spoken of. */
  readonly group: ResultGroup;
  /** The runs that they are held against. */
  readonly baseline: ResultGroup;
  /** Other settings that differ between the two, and mean something to both. */
  readonly others: readonly string[];
  /** Seeds that both have, ascending; empty also where either has none, as a model that is counted. */
  readonly seeds: readonly number[];
  /** The mean of the first: over the seeds that both have, or all where there is none. */
  readonly mean: number;
  /** The mean of the second, over the same seeds. */
  readonly baselineMean: number;
  /** Test of pairs of equal seeds; null where there are fewer than two. */
  readonly overSeeds: PairedTest | null;
  /** Test of pairs of equal users, each user's metric averaged over the seeds; null where a run has no ranks, or no seed fits. */
  readonly overUsers: PairedTest | null;
}

/** Differences of users that are smaller come from rounding: a metric of one user is a sum of few fractions. */
const ROUNDING = 1e12;

/**
 * What is worth comparing where nothing is asked for: each optimizer with SEvo against the same without.
 *
 * @param results What runs came to.
 * @returns The requests.
 */
export function usualRequests({ groups }: Results): ComparisonRequest[] {
  const optimizers = new Set(groups.filter(({ rows }) => rows.length > 0).map(({ settings }) => settings["optimizer"]));
  return [...optimizers].flatMap((optimizer) => {
    const plain = String(optimizer).replace(/^sevo-/, "");
    if (plain === optimizer || !optimizers.has(plain)) return [];
    return [{ setting: "optimizer", value: String(optimizer), against: plain }];
  });
}

/**
 * Holds runs with one value of a setting against those with another, on the same data and measured in the same way.
 *
 * @param results What runs came to.
 * @param request Which of them.
 * @param options The metric, and whether the runs may differ in other settings too: then each group is held against the one
 * that differs in fewest, if there is one such.
 * @returns A comparison for each pair of groups that fit.
 * @throws {RunError} If the ranks of a run are damaged.
 */
export async function comparisonsOf(
  { groups, varying }: Results,
  request: ComparisonRequest,
  { metric, nearest }: { readonly metric: MetricName; readonly nearest: boolean },
): Promise<Comparison[]> {
  const { setting, value, against } = request;
  const withValue = (wanted: string) =>
    groups.filter(({ rows, settings, test }) =>
      isInUse(settings, setting) && String(settings[setting]) === wanted && test[metric]?.count === rows.length
    );
  const comparisons: Comparison[] = [], baselines = withValue(against);
  for (const group of withValue(value)) {
    const names = varying.filter((name) => name !== setting && name !== "seed");
    const found = baselines.filter((baseline) => isMeasuredAlike(group, baseline)).map((baseline) => ({
      baseline,
      others: names.filter((name) => differs(group, baseline, name)),
      // Without SEvo, runs that differ in settings of the graph alone are the same: the one that has the same of them too
      unlike: names.filter((name) => group.settings[name] !== baseline.settings[name]).length,
    })).sort((a, b) => a.others.length - b.others.length || a.unlike - b.unlike);
    const [first, second] = found, least = first?.others.length ?? 0;
    const isNearest = least === 0 || (nearest && second?.others.length !== least);
    if (first === undefined || !isNearest) continue;
    comparisons.push(await comparisonOf(request, metric, group, first.baseline, first.others));
  }
  return comparisons;
}

function isMeasuredAlike({ rows: [one] }: ResultGroup, { rows: [other] }: ResultGroup): boolean {
  const a = one!.run, b = other!.run;
  return a.dataset.digest === b.dataset.digest && a.metrics!.protocol === b.metrics!.protocol;
}

/** Whether a setting that means something to both is another. */
function differs({ settings: one }: ResultGroup, { settings: other }: ResultGroup, name: string): boolean {
  return isInUse(one, name) && isInUse(other, name) && one[name] !== other[name];
}

async function comparisonOf(
  request: ComparisonRequest,
  metric: MetricName,
  group: ResultGroup,
  baseline: ResultGroup,
  others: readonly string[],
): Promise<Comparison> {
  const seeds = group.rows.map(seedOf).filter((seed): seed is number =>
    typeof seed === "number" && baseline.rows.some((row) => seedOf(row) === seed)
  ).sort((a, b) => a - b);
  // A model that is counted has one run and no seed: it is held against all runs of the other
  const rowsOf = ({ rows }: ResultGroup) =>
    seeds.length === 0 ? rows : seeds.map((seed) => rows.find((row) => seedOf(row) === seed)!);
  const [own, other] = [rowsOf(group), rowsOf(baseline)], values = own.map((row) => row.test![metric]!);
  const againstValues = other.map((row) => row.test![metric]!);
  const isPaired = seeds.length > 0 ||
    [group, baseline].some(({ rows }) => rows.every((row) => seedOf(row) === undefined));
  return {
    request,
    metric,
    group,
    baseline,
    others,
    seeds,
    mean: summaryOf(values).mean,
    baselineMean: summaryOf(againstValues).mean,
    overSeeds: seeds.length < 2
      ? null
      : pairedTest(Float64Array.from(values, (value, at) => value - againstValues[at]!)),
    overUsers: isPaired ? await testOfUsers(own, other, metric) : null,
  };
}

async function testOfUsers(
  rows: readonly ResultRow[],
  others: readonly ResultRow[],
  metric: MetricName,
): Promise<PairedTest | null> {
  const values = await userValues(rows, metric), against = values && await userValues(others, metric);
  if (values === null || against === null) return null;
  const differences = [...values].flatMap(([user, value]) => {
    const other = against.get(user);
    return other === undefined ? [] : [Math.round((value - other) * ROUNDING) / ROUNDING];
  });
  return differences.length === 0 ? null : pairedTest(Float64Array.from(differences));
}

function seedOf({ settings }: ResultRow): RunSetting {
  return settings["seed"];
}
