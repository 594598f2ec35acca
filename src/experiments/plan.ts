import { createHash } from "node:crypto";
import { crc32 } from "../crc32.ts";
import { isTrainable, type ModelDefinition } from "../models/define_model.ts";
import type { SettingValue, SettingValues } from "../models/field.ts";
import { MODELS } from "../models/models.ts";
import { below, Philox, Stream, unit } from "../philox.ts";
import { MOST_RUNS } from "./_spec_schema.ts";
import type { RandomDraws, SettingRange, Sweep } from "./spec.ts";
import { SpecError } from "./spec_error.ts";

/** One run of a sweep. */
export interface PlannedRun {
  /** Its name, which is that of its folder: the settings that the spec varies, as `model=sasrec,beta=0.9,seed=1`. */
  readonly name: string;
  /** What train is given, by the names of its flags in code. A model that is trained has its `seed` among them. */
  readonly settings: Readonly<Record<string, SettingValue>>;
}

/** Significant digits of a number that is drawn: more say nothing, and fewer are easier to read in a name. */
const DIGITS = 6;

/** Characters of a name at most: a folder may have 255 bytes, and its files' temporary names need some. */
const LONGEST = 150;

/**
 * The runs of a sweep. Each combination of the grid is taken with each settings of the list and each draw, and all of
 * that with each seed. All runs of the first seed come first: a sweep that is cut short has a run of most settings.
 *
 * A name depends on the run's settings and on the order of keys in the spec, not on the other runs: a spec that gets
 * more values, draws or seeds leaves the names as they were. Equal settings are one run.
 *
 * @param sweep The spec.
 * @param models The models that there are. One that is counted and not trained has no seed, and so one run.
 * @returns The runs, in the order in which they are started.
 * @throws {SpecError} If there are too many.
 */
export function planOf(sweep: Sweep, models: readonly ModelDefinition[] = MODELS): PlannedRun[] {
  const { base, grid, random, list, seeds } = sweep;
  const alternatives = [...list, ...random ? draws(random) : []];
  const axes = Object.values(grid).map(({ length }) => length);
  const count = [...axes, Math.max(1, alternatives.length), seeds?.length ?? 1].reduce((all, each) => all * each, 1);
  if (count > MOST_RUNS) {
    throw new SpecError(`Cannot run sweep as its spec has more than ${MOST_RUNS} runs: current value is ${count}`);
  }
  const varied = combinations(grid).flatMap((point) =>
    (alternatives.length > 0 ? alternatives : [{}]).map((settings) => ({ ...point, ...settings }))
  );
  const counted = models.filter((model) => !isTrainable(model)).map(({ name }) => name);
  const known = new Set<string>(), names = new Set<string>(), plan: PlannedRun[] = [];
  for (const seed of seeds ?? [DEFAULT_SEED]) {
    for (const point of varied) {
      const model = { ...base, ...point }["model"] as string | undefined, isCounted = counted.includes(model ?? "");
      const vary = seeds === null || isCounted ? point : { ...point, seed };
      const settings = { ...base, ...point, ...!isCounted && { seed } }, key = JSON.stringify(sorted(settings));
      if (known.has(key)) continue;
      const name = nameOf(vary, names);
      known.add(key);
      names.add(name);
      plan.push({ name, settings });
    }
  }
  return plan;
}

/** Seed of a spec without seeds: that of train. */
const DEFAULT_SEED = 1;

/** Every combination of the values, the last key running fastest. */
function combinations(grid: Sweep["grid"]): SettingValues[] {
  return Object.entries(grid).reduce<SettingValues[]>(
    (points, [key, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [key]: value }))),
    [{}],
  );
}

/**
 * Draws settings: each a function of the seed, the setting's name and its place, so that more draws, or another setting,
 * change none.
 */
function draws({ count, seed, settings }: RandomDraws): SettingValues[] {
  const philox = new Philox(seed, Stream.setting);
  return Array.from({ length: count }, (_, place) =>
    Object.fromEntries(
      Object.entries(settings).map(([name, from]) => {
        const [word] = philox.draw(place, crc32(new TextEncoder().encode(name)));
        return [name, "min" in from ? inRange(word!, from) : from[below(word!, from.length)]!];
      }),
    ));
}

function inRange(word: number, { min, max, log, integer }: SettingRange): number {
  if (integer && !log) return min + below(word, max - min + 1);
  const share = unit(word);
  // An integer on a logarithmic scale has the room from half below it to half above it
  const [low, high] = integer ? [min - 0.5, max + 0.5] : [min, max];
  const drawn = log ? Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low))) : low + share * (high - low);
  const value = integer ? Math.round(drawn) : Number(drawn.toPrecision(DIGITS));
  return Math.min(max, Math.max(min, value));
}

/** Settings in the order of their names: equal ones have equal texts. */
function sorted(settings: SettingValues): SettingValues {
  return Object.fromEntries(Object.entries(settings).sort(([one], [other]) => one < other ? -1 : 1));
}

/** A name that no other run has. */
function nameOf(varied: SettingValues, taken: ReadonlySet<string>): string {
  const safe = Object.entries(varied).map(([key, value]) => `${key}=${textOf(key, value)}`).join(",") || "run";
  for (let attempt = 0;; attempt++) {
    const name = attempt === 0 && safe.length <= LONGEST
      ? safe
      : `${safe.slice(0, LONGEST)}-${hashOf(varied, attempt)}`;
    if (!taken.has(name)) return name;
  }
}

function textOf(key: string, value: SettingValue): string {
  const text = key === "data" ? String(value).replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "") : String(value);
  return text.replace(/[^A-Za-z0-9._+-]/g, "_");
}

function hashOf(varied: SettingValues, attempt: number): string {
  return createHash("sha256").update(JSON.stringify([sorted(varied), attempt])).digest("hex").slice(0, 8);
}
