import type { RunRecord } from "../files/run_record.ts";
import { fieldsOf } from "../models/field.ts";
import { trainingSchema } from "../models/training_settings.ts";

/** What a setting of a run may be; one that a run does not have is undefined. */
export type RunSetting = string | number | boolean | undefined;

/** Settings by name, as config.json has them; `data` is the name of the dataset. */
export type RunSettings = Readonly<Record<string, RunSetting>>;

/** Where a run was made, which is none of what it is. */
const PLACES = ["device", "threads", "out", "dataset", "datasetSeed"];

/** Settings of the graph, which an optimizer without SEvo makes nothing of. */
const GRAPH: ReadonlySet<string> = new Set(
  [...fieldsOf(trainingSchema)].filter(([, { group }]) => group === "Graph").map(([name]) => name),
);

/**
 * The settings of runs, in terms that compare: where a run was made is left out, and datasets go by their content.
 *
 * @param runs The runs.
 * @returns The settings of each.
 */
export function settingsOf(runs: readonly RunRecord[]): RunSettings[] {
  const digests = Map.groupBy(runs.map(({ dataset }) => dataset), ({ name }) => name);
  return runs.map(({ config, dataset: { name, digest } }) => {
    const isUnique = digests.get(name)!.every((other) => other.digest === digest);
    const settings: [name: string, value: RunSetting][] = [["data", isUnique ? name : `${name} ${digest.slice(0, 8)}`]];
    for (const [key, value] of Object.entries(config)) {
      if (key === "data" || PLACES.includes(key)) continue;
      settings.push([key, isSetting(value) ? value : JSON.stringify(value)]);
    }
    return Object.fromEntries(settings);
  });
}

function isSetting(value: unknown): value is RunSetting {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/**
 * The settings that differ between runs. What only one of two models has is no difference of its own.
 *
 * @param settings The settings of each run.
 * @returns Their names, in the order of the runs' configs, and `seed` last.
 */
export function varyingSettings(settings: readonly RunSettings[]): string[] {
  const names = new Set(settings.flatMap(Object.keys)), models = Map.groupBy(settings, ({ model }) => model);
  const varying = [...names].filter((name) => {
    const values = new Set(settings.map((each) => each[name]).filter((value) => value !== undefined));
    if (values.size > 1) return true;
    return [...models.values()].some((some) => new Set(some.map((each) => each[name] === undefined)).size > 1);
  });
  return [...varying.filter((name) => name !== "seed"), ...varying.filter((name) => name === "seed")];
}

/**
 * Whether a setting means anything to a run: those of the graph do only where the optimizer smooths over it.
 *
 * @param settings All settings of the run.
 * @param name The setting.
 * @returns Whether it does.
 */
export function isInUse(settings: RunSettings, name: string): boolean {
  const { optimizer } = settings;
  return settings[name] !== undefined && (!GRAPH.has(name) || String(optimizer).startsWith("sevo-"));
}
