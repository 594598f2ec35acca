import type { Comparison } from "../experiments/comparison.ts";
import type { ResultGroup, ResultRow } from "../experiments/results.ts";
import { isInUse, type RunSettings, varyingSettings } from "../experiments/run_settings.ts";
import { type Summary, summaryOf } from "../experiments/summary.ts";
import { isSmoothed, type OptimizerName, OPTIMIZERS, ruleOf } from "../models/training_settings.ts";

/** Runs that differ by nothing but their seed. */
export interface Arm {
  /** Its rule, or its model where it is not trained. */
  readonly title: string;
  /** What it is called among those of its panel: its rule, and what else differs among those of the same rule. */
  readonly label: string;
  /** The settings that its label has. */
  readonly names: readonly string[];
  /** Its part in the comparison. */
  readonly role: "sevo" | "plain" | "untrained";
  /** Its group. */
  readonly group: ResultGroup;
  /** Its settings, without the seed. */
  readonly settings: RunSettings;
  /** Its runs that have finished, by seed. */
  readonly rows: readonly ResultRow[];
  /** Its metrics of the test over the seeds, by name. */
  readonly test: Readonly<Record<string, Summary>>;
}

/** A smoothed rule and the plain rule that it is held against. */
export interface Pair extends Pick<Comparison, "overSeeds" | "overUsers"> {
  /** With SEvo. */
  readonly sevo: Arm;
  /** Without. */
  readonly plain: Arm;
  /** What SEvo adds to the metric, by the seeds that both have. */
  readonly differences: readonly number[];
  /** Mean of the metric over these seeds, plain. */
  readonly before: number;
  /** Mean of the metric over these seeds, with SEvo. */
  readonly after: number;
}

/** A model on a dataset: everything that is drawn on one scale. */
export interface Panel {
  /** The dataset's name. */
  readonly dataset: string;
  /** Digest of the dataset. */
  readonly digest: string;
  /** The model. */
  readonly model: string;
  /** Smoothed arms, the one that validates best first. */
  readonly sevo: readonly Arm[];
  /** Plain arms, the one that validates best first. */
  readonly plain: readonly Arm[];
  /** Baselines of the dataset that are counted and not trained. */
  readonly untrained: readonly Arm[];
  /** Every smoothed arm that has a plain arm of its rule and settings, the one that validates best first. */
  readonly pairs: readonly Pair[];
}

/** Optimizers as papers write them. */
const TITLES: Readonly<Record<OptimizerName, string>> = {
  "sevo-adamw": "SEvo-AdamW",
  adamw: "AdamW",
  "sevo-adam": "SEvo-Adam",
  adam: "Adam",
  "sevo-sgd": "SEvo-SGD",
  sgd: "SGD",
  "sevo-lion": "SEvo-Lion",
  lion: "Lion",
  "sevo-adagrad": "SEvo-Adagrad",
  adagrad: "Adagrad",
};

/**
 * Sorts groups of runs into panels, with the comparisons of what is smoothed with what is not.
 *
 * @param groups Groups of runs.
 * @param comparisons Groups with SEvo held against those without.
 * @param metric The metric that is compared.
 * @returns A panel for each trained model and dataset; for a dataset of baselines alone, one without model.
 */
export function panelsOf(
  groups: readonly ResultGroup[],
  comparisons: readonly Comparison[],
  metric: string,
): Panel[] {
  const finished = groups.filter(({ rows, test }) => rows.length > 0 && test[metric] !== undefined);
  const panels: Panel[] = [];
  for (const ofDataset of Map.groupBy(finished, digestOf).values()) {
    const trained = Map.groupBy(ofDataset.filter(isTrained), ({ settings }) => String(settings["model"]));
    const untrained = labelled(ofDataset.filter((group) => !isTrained(group)), "untrained");
    const dataset = String(ofDataset[0]!.settings["data"]), digest = digestOf(ofDataset[0]!);
    for (const [model, own] of trained) {
      const ofRole = (role: "sevo" | "plain") => {
        const some = own.filter((group) => isSmoothed({ optimizer: optimizerOf(group)! }) === (role === "sevo"));
        return byValidation(labelled(role === "sevo" ? some : distinctPlain(some), role), metric);
      };
      const sevo = ofRole("sevo"), plain = ofRole("plain");
      const pairs = sevo.flatMap((arm) => {
        const comparison = comparisons.find(({ group }) => group === arm.group);
        const peer = comparison && plain.find((other) => plainKey(other) === plainKey(comparison.baseline));
        return peer ? pairOf(comparison, arm, peer) ?? [] : [];
      });
      panels.push({ dataset, digest, model, sevo, plain, untrained, pairs });
    }
    if (trained.size === 0) {
      panels.push({ dataset, digest, model: "", sevo: [], plain: [], untrained, pairs: [] });
    }
  }
  return panels;
}

/**
 * The metric of an arm's runs.
 *
 * @param arm The arm.
 * @param metric The metric.
 * @returns A value for each run that has it, in the order of the seeds.
 */
export function valuesOf({ rows }: Pick<Arm, "rows">, metric: string): number[] {
  return rows.flatMap(({ test }) => test?.[metric] ?? []);
}

/**
 * The seed of a run.
 *
 * @param row The run.
 * @returns The seed; 0 for a run that draws nothing.
 */
export function seedOf({ settings }: Pick<ResultRow, "settings">): number {
  return Number(settings["seed"] ?? 0);
}

/**
 * The setting of a run as a reader sees it.
 *
 * @param value The setting.
 * @returns The text; of what it does not have, a dash.
 */
export function settingFigure(value: RunSettings[string]): string {
  return value === undefined ? "–" : String(value);
}

/**
 * Settings that differ between groups, but for what they are called by anyway.
 *
 * @param groups The groups.
 * @returns The names of these settings.
 */
export function differing(groups: readonly { readonly settings: RunSettings }[]): string[] {
  return varyingSettings(groups.map(({ settings }) => settings))
    .filter((name) => !["seed", "data", "model", "optimizer"].includes(name));
}

function pairOf(comparison: Comparison, sevo: Arm, plain: Arm): Pair | null {
  const { metric, seeds, mean: after, baselineMean: before, overSeeds, overUsers, group, baseline } = comparison;
  if (seeds.length === 0) return null;
  const valueOf = ({ rows }: ResultGroup, seed: number) => rows.find((row) => seedOf(row) === seed)!.test![metric]!;
  const differences = seeds.map((seed) => valueOf(group, seed) - valueOf(baseline, seed));
  return { sevo, plain, differences, before, after, overSeeds, overUsers };
}

/** Arms with labels that tell them apart: the rule, and what else differs among those of the same rule. */
function labelled(groups: readonly ResultGroup[], role: Arm["role"]): Arm[] {
  return groups.map((group) => {
    const { settings, rows, test } = group, optimizer = optimizerOf(group);
    const alike = groups.filter((other) =>
      optimizerOf(other) === optimizer && other.settings["model"] === settings["model"]
    );
    const title = optimizer === null ? String(settings["model"]) : TITLES[optimizer];
    const names = differing(alike).filter((name) => isInUse(settings, name));
    const label = [title, ...names.map((name) => `${name} ${settingFigure(settings[name])}`)].join(", ");
    return { title, label, names, role, group, settings, rows: rows.toSorted((a, b) => seedOf(a) - seedOf(b)), test };
  });
}

/** Plain rules whose settings of smoothing differ are the same thing: that with the most seeds stands for all. */
function distinctPlain(groups: readonly ResultGroup[]): ResultGroup[] {
  return [...Map.groupBy(groups, plainKey).values()]
    .map((same) => same.reduce((most, group) => group.rows.length > most.rows.length ? group : most));
}

function byValidation(arms: readonly Arm[], metric: string): Arm[] {
  const quality = ({ rows }: Arm) => {
    const values = rows.map(({ run }) =>
      (run.metrics?.valid as Readonly<Record<string, number>> | undefined)?.[metric]
    );
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? -Infinity : summaryOf(known).mean;
  };
  const qualities = new Map(arms.map((arm) => [arm, quality(arm)]));
  return arms.toSorted((a, b) => qualities.get(b)! - qualities.get(a)! || 0);
}

/** All that a smoothed rule has in common with its plain one. */
function plainKey(group: Pick<Arm, "settings">): string {
  // What smooths means nothing to a plain rule
  const plain = { ...group.settings, optimizer: ruleFrom(group) };
  const own = Object.entries(plain).filter(([name]) => isInUse(plain, name));
  return JSON.stringify(own.sort(([a], [b]) => a < b ? -1 : 1));
}

function ruleFrom(group: Pick<Arm, "settings">): string {
  const optimizer = optimizerOf(group);
  return optimizer === null ? "" : ruleOf({ optimizer });
}

function isTrained(group: Pick<Arm, "settings">): boolean {
  return optimizerOf(group) !== null;
}

function optimizerOf({ settings }: Pick<Arm, "settings">): OptimizerName | null {
  return OPTIMIZERS.find((name) => name === settings["optimizer"]) ?? null;
}

function digestOf({ rows }: ResultGroup): string {
  return rows[0]!.run.dataset.digest;
}
