import type { ColumnType } from "../files/table_file.ts";
import type { ResultGroup, ResultRow, Results } from "./results.ts";
import type { RunSetting } from "./run_settings.ts";
import type { Summary } from "./summary.ts";

/** A value in a table of results; null where there is none. */
export type Cell = string | number | null;

/** A table of results: columns by name, in order, all of one length. */
export type ResultTable = ReadonlyMap<string, readonly Cell[]>;

/**
 * A row a run: settings that differ, what it came to, and where it was made.
 *
 * @param results The results.
 * @param rows The rows, in order.
 * @returns The table.
 */
export function tableOfRuns({ varying, metrics }: Results, rows: readonly ResultRow[]): ResultTable {
  const column = (value: (row: ResultRow) => Cell) => rows.map(value);
  const said = (key: "device" | "version" | "protocol" | "digest") => column(({ run }) => run.metrics?.[key] ?? null);
  return new Map<string, readonly Cell[]>([
    ["run", column(({ name }) => name)],
    ["status", column(({ status }) => status)],
    ["data", column(({ settings }) => cellOf(settings["data"]))],
    ...varying.filter((name) => name !== "data").map((name) =>
      [name, column(({ settings }) => cellOf(settings[name]))] as const
    ),
    ...metrics.map((name) => [name, column(({ test }) => test?.[name] ?? null)] as const),
    ["valid", column(({ valid }) => valid)],
    ["bestEpoch", column(({ bestEpoch }) => bestEpoch)],
    ["epochsTrained", column(({ epochsTrained }) => epochsTrained)],
    ["seconds", column(({ seconds }) => seconds)],
    ["device", said("device")],
    ["version", said("version")],
    ["protocol", said("protocol")],
    ["digest", said("digest")],
  ]);
}

/**
 * A row for all seeds of a setting: mean and sample standard deviation of what they came to.
 *
 * @param results The results.
 * @param groups The rows, in order.
 * @returns The table.
 */
export function tableOfMeans({ varying, metrics }: Results, groups: readonly ResultGroup[]): ResultTable {
  const column = (value: (group: ResultGroup) => Cell) => groups.map(value);
  const both = (name: string, value: (group: ResultGroup) => Summary | null | undefined) =>
    [
      [`${name}_mean`, column((group) => value(group)?.mean ?? null)],
      [`${name}_deviation`, column((group) => value(group)?.deviation ?? null)],
    ] as const;
  return new Map<string, readonly Cell[]>([
    ["data", column(({ settings }) => cellOf(settings["data"]))],
    ...varying.filter((name) => name !== "data" && name !== "seed").map((name) =>
      [name, column(({ settings }) => cellOf(settings[name]))] as const
    ),
    ["runs", column(({ rows }) => rows.length)],
    ["leftOut", column(({ leftOut }) => leftOut.length)],
    // What is counted is the same for all seeds, and in the table of runs
    ...metrics.filter((name) => /^mrr$|@/.test(name)).flatMap((name) => both(name, ({ test }) => test[name])),
    ...both("valid", ({ valid }) => valid),
    ...both("bestEpoch", ({ bestEpoch }) => bestEpoch),
    ...both("epochsTrained", ({ epochsTrained }) => epochsTrained),
    ...both("seconds", ({ seconds }) => seconds),
  ]);
}

/**
 * What a column of a table holds.
 *
 * @param values Its values.
 * @returns Numbers where there is nothing else, and else texts.
 */
export function columnType(values: readonly Cell[]): ColumnType & ("number" | "string") {
  const isNumeric = values.every((value) => value === null || typeof value === "number");
  return isNumeric && values.some((value) => value !== null) ? "number" : "string";
}

function cellOf(value: RunSetting): Cell {
  return typeof value === "number" ? value : value === undefined ? null : String(value);
}
