import { z } from "zod";
import { expectation, type Field, jsonSchemaOf, type SettingValue } from "../models/field.ts";
import { SEED } from "../options.ts";

/** Fields of settings by name. */
export type SettingFields = Readonly<Record<string, Field>>;

/** A number or choice of the spec itself. */
function valueOf(field: Field): z.ZodType<SettingValue> {
  return z.unknown().superRefine((value, context) => {
    const expected = expectation(field, value);
    if (expected !== undefined) context.addIssue({ code: "custom", message: `must be ${expected}` });
  }).meta(jsonSchemaOf(field)) as unknown as z.ZodType<SettingValue>;
}

function numberOf(field: Omit<Field, "kind"> & { readonly kind: "integer" | "number" }): z.ZodType<number> {
  return valueOf(field) as unknown as z.ZodType<number>;
}

function listOf<T extends z.ZodType>(element: T): z.ZodArray<T> {
  return z.array(element, "must be a list").min(1, "must have a value in it");
}

/** A range that a number is drawn from, for a setting that is one. */
function rangeOf(field: Field): z.ZodType<SettingRange> {
  const { group: _, default: __, ...rest } = field;
  const end = (description: string) => numberOf({ ...rest, kind: field.kind as "integer" | "number", description });
  const flag = (description: string) => z.boolean("must be true or false").optional().meta({ description });
  return z.strictObject({
    min: end("Least value"),
    max: end("Greatest value"),
    log: flag("Draw evenly on a logarithmic scale: as often from 0.001 to 0.01 as from 0.01 to 0.1"),
    integer: flag("Draw integers; a setting that is one needs no such word"),
  }, { error: (issue) => issue.code === "invalid_type" ? RANGE : undefined }).superRefine((range, context) => {
    const { min, max, log, integer } = range;
    for (const [name, value] of Object.entries({ min, max })) {
      if (!integer || Number.isInteger(value)) continue;
      context.addIssue({ code: "custom", path: [name], message: "must be an integer where integer is true" });
    }
    if (!(min <= max)) context.addIssue({ code: "custom", path: ["max"], message: "must be at least min" });
    if (log && min <= 0) {
      context.addIssue({ code: "custom", path: ["min"], message: "must be greater than 0 where log is true" });
    }
  }) as unknown as z.ZodType<SettingRange>;
}

const RANGE = 'must be a list to choose from, or a range such as {"min": 0.001, "max": 0.1, "log": true}';

/** A range of numbers. */
export interface SettingRange {
  /** Least value. */
  readonly min: number;
  /** Greatest value. */
  readonly max: number;
  /** Whether draws are even on a logarithmic scale. */
  readonly log?: boolean | undefined;
  /** Whether draws are integers. */
  readonly integer?: boolean | undefined;
}

/**
 * The schema of a spec: what is checked, and what an editor is told.
 *
 * @param fields The settings that there are.
 * @returns The schema.
 */
export function specSchema(fields: SettingFields) {
  const objectOf = <T extends z.ZodType>(of: (field: Field, name: string) => T, description: string) =>
    z.strictObject(
      Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, of(field, name).optional()])),
      { error: (issue) => issue.code === "invalid_type" ? "must be an object of settings" : undefined },
    ).optional().meta({ description }) as unknown as z.ZodOptional<z.ZodType<Record<string, z.infer<T>>>>;
  const settings = (description: string) => objectOf(valueOf, description);
  const seed = numberOf({ kind: "integer", ...SEED, description: "A seed" });
  return z.strictObject({
    $schema: z.string().optional(),
    base: objectOf(
      (field, name): z.ZodType<SettingValue | SettingValue[]> =>
        name === "data" ? z.union([listOf(valueOf(field)), valueOf(field)]) : valueOf(field),
      "Settings and flags of train that all runs have; data may be a list of datasets",
    ),
    grid: objectOf((field) => listOf(valueOf(field)), "Lists of values: every combination of them is a run"),
    random: z.strictObject({
      count: numberOf({ kind: "integer", min: 1, max: MOST_RUNS, description: "Number of draws" }),
      seed: numberOf({ kind: "integer", ...SEED, description: "Seed of the draws; 0 by default" }).optional(),
      settings: objectOf(
        (field) =>
          field.kind === "number" || field.kind === "integer"
            ? z.union([listOf(valueOf(field)), rangeOf(field)])
            : listOf(valueOf(field)),
        "What is drawn: a range of numbers, or a list to choose from",
      ),
    }, OBJECT).optional().meta({ description: "Draws of settings, each with every combination of the grid" }),
    list: listOf(settings("Settings of one run").unwrap()).optional().meta({
      description: "Settings that belong together, each with every combination of the grid",
    }),
    seeds: z.union([
      listOf(seed),
      numberOf({ kind: "integer", min: 1, max: 1000, description: "Number of seeds, from 1 on" }),
    ]).optional().meta({ description: "Seeds of every run: a list, or their number" }),
    halve: z.strictObject({
      every: numberOf({ kind: "integer", min: 1, description: "Epochs before the first decision" }),
      keep: numberOf({ kind: "number", above: 0, below: 1, description: "Share of the runs that goes on each time" }),
      metric: valueOf({ kind: "string", description: "Metric of validation that decides; that of the runs by default" })
        .optional() as unknown as z.ZodOptional<z.ZodType<string>>,
    }, OBJECT).optional().meta({
      description:
        "Successive halving: a run goes on after every, every / keep, every / keep^2, ... epochs only where " +
        "it is among the best",
    }),
  }, OBJECT);
}

/** More runs than anybody waits for: a spec with more has a mistake in it. */
export const MOST_RUNS = 100_000;

const OBJECT = { error: (issue: { code?: string }) => issue.code === "invalid_type" ? "must be an object" : undefined };
