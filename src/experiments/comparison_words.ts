import { isDeepStrictEqual } from "node:util";
import type { Comparison } from "./comparison.ts";
import { leastWilcoxon, type PairedTest } from "./paired_test.ts";
import { varyingSettings } from "./run_settings.ts";

/** A p-value below which a difference is seldom luck, by convention. */
const SELDOM = 0.05;

/** What a comparison says, in words. */
export interface ComparisonWords {
  /** What is compared, which is better, and by how much. */
  readonly headline: string;
  /** Whether that is luck: the tests, what they cannot say, and what to do about it. */
  readonly details: readonly string[];
}

/**
 * Puts a comparison into words.
 *
 * @param comparison The comparison.
 * @param among All comparisons that it stands among: what differs between these says which one it is.
 * @returns The words.
 */
export function comparisonWords(comparison: Comparison, among: readonly Comparison[]): ComparisonWords {
  const { request: { setting, value, against }, metric, group, baseline, others, seeds } = comparison;
  const { mean, baselineMean, overSeeds, overUsers } = comparison;
  const rivals = among.filter(({ request }) => isDeepStrictEqual(request, comparison.request));
  const where = varyingSettings(rivals.map(({ group: { settings } }) => settings))
    .filter((name) => !others.includes(name) && group.settings[name] !== undefined)
    .map((name) => `${name} ${group.settings[name]}`);
  const subject = setting === "optimizer" ? `${value} against ${against}` : `${setting} ${value} against ${against}`;
  const numbers = `(${mean.toFixed(4)} against ${baselineMean.toFixed(4)})`;
  const gain = (mean - baselineMean) / baselineMean;
  const by = Number.isFinite(gain) ? ` by ${Math.abs(100 * gain).toFixed(1)} %` : "";
  const name = metric.toUpperCase();
  const said = mean === baselineMean
    ? `the same ${name} (${mean.toFixed(4)})`
    : `${mean > baselineMean ? "better" : "worse"}${by} on ${name} ${numbers}`;
  const counted = seeds.length === 0 ? "" : `, ${seeds.length} seed${seeds.length === 1 ? "" : "s"}`;
  const also = others.map((other) => `${other} (${group.settings[other]} and ${baseline.settings[other]})`);
  return {
    headline: `${subject}${where.length === 0 ? "" : ` at ${where.join(", ")}`}: ${said}${counted}`,
    details: [
      ...also.length === 0 ? [] : [`they differ in other settings too: ${also.join(", ")}`],
      seedWords(comparison, overSeeds),
      userWords(seeds, overUsers),
    ],
  };
}

function seedWords({ seeds, group, baseline }: Comparison, test: PairedTest | null): string {
  if (test !== null) return `over ${test.count} seeds: ${testsInWords(test)}`;
  if (seeds.length === 1) {
    return "over seeds: no test, as one seed does not say how much another would differ: train more, such as --seeds 5";
  }
  const isCounted = [group, baseline].some(({ rows }) => rows.every(({ settings }) => settings["seed"] === undefined));
  const why = isCounted ? "a model that is counted has no seeds" : "the two have no seed in common";
  return `over seeds: no test, as ${why}`;
}

function userWords(seeds: readonly number[], test: PairedTest | null): string {
  if (test === null) return "over users: no test, as the two have no seed in common or a run has no ranks.parquet";
  const of = seeds.length > 1 ? ", each with the mean over the seeds" : "";
  const alone = seeds.length === 1 ? ", for these two runs: other seeds may say otherwise" : "";
  return `over ${test.count} users${of}: ${testsInWords(test)}${alone}`;
}

function testsInWords({ count, t, wilcoxon }: PairedTest): string {
  if (wilcoxon === null) return "no test, as there is no difference at all";
  const least = leastWilcoxon(count);
  const bound = least < SELDOM ? "" : `, which is never below ${least} with ${count} pairs`;
  const student = t === null
    ? "no paired t test, as all differences are the same"
    : `${t.p < SELDOM ? "seldom luck" : "may be luck"}, ${pInWords(t.p)} (paired t)`;
  return `${student}; ${pInWords(wilcoxon.p)} (Wilcoxon${bound})`;
}

/**
 * A p-value in words.
 *
 * @param p The p-value.
 * @returns Such as `p = 0.031`, or `p < 1e-15` where it is too small to be told from nothing.
 */
export function pInWords(p: number): string {
  if (p < 1e-15) return "p < 1e-15";
  return `p = ${p < 1e-4 ? p.toExponential(0) : Number(p.toPrecision(p < 0.001 ? 1 : 2))}`;
}
