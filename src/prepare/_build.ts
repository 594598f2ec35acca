import { type Provenance, SCHEMA_VERSION } from "../data/dataset.ts";
import { countCore, type Counts, dropRepeats, filterCore, numberIds, shortenIds } from "./_filter.ts";
import { type Interactions, keepInteractions } from "./_interactions.ts";
import { type Details, readItems } from "./_items.ts";
import { type Log, readLog } from "./_log.ts";
import type { Prepared, Summary } from "./options.ts";
import type { Plan } from "./_plan.ts";
import { PrepareError, shown, visible } from "./prepare_error.ts";
import { splitInteractions } from "./_split.ts";
import type { Stage } from "./_staged.ts";
import { figuresOf } from "./_figures.ts";
import { warningsOf } from "./_warnings.ts";
import { writeJson, writeTables } from "./_write.ts";

/**
 * Writes the files of a dataset.
 *
 * @param plan What is read and how.
 * @param stage Where it is read.
 * @param target The folder of the dataset.
 * @returns What was made.
 */
export async function build(plan: Plan, stage: Stage, target: string): Promise<Prepared> {
  const { options, file, rule, where } = plan, { db, progress } = stage;
  const log = await readLog(plan.parts, stage, options, where);
  progress.begin("sorting out the lines");
  const interactions = await keepInteractions(db, file, log, options, where);
  await shortenIds(db, interactions.times);
  const start = await countCore(db);
  if (start.interactions === 0) throw new PrepareError(file, emptyBecause(log, interactions));
  const leftOut: Record<string, number> = { ...interactions.leftOut };
  await dropRepeats(db, options.repeats ?? "keep", interactions.times);
  const once = options.repeats === undefined || options.repeats === "keep" ? start : await countCore(db);
  if (once.interactions < start.interactions) leftOut["repeats"] = start.interactions - once.interactions;
  progress.begin("filtering rarely seen users and items");
  const least = rule.kind === "given" ? 1 : 5;
  const { minUser = least, minItem = least } = options;
  await filterCore(db, minUser, minItem);
  const left = await countCore(db);
  checkLeft(file, log, leftOut, once, left, { minUser, minItem });
  if (left.interactions < once.interactions) {
    leftOut["rarely seen users and items"] = once.interactions - left.interactions;
  }
  progress.begin("numbering users and items");
  await numberIds(db, "users");
  await numberIds(db, "items");
  const itemColumn = log.columns.item![0]!;
  const details = plan.items === null
    ? null
    : await readItems(file, plan.items, stage, options.itemsText ?? {}, itemColumn);
  progress.begin("splitting");
  const split = await splitInteractions(db, file, rule, interactions, options.seed ?? 0);
  const figures = await figuresOf(db, left);
  progress.begin("writing");
  await writeTables(db, target, details?.columns ?? []);
  const summary = summaryOf(log, interactions, start, split, leftOut, details, figures);
  const provenance: Provenance = {
    schemaVersion: SCHEMA_VERSION,
    name: options.out.replace(/[/\\]+$/, "").replace(/^.*[/\\]/, ""),
    createdBy: "deno task prepare",
    source: log.reads.map(({ source }) => source),
    options: {
      ...log.columns,
      format: log.reads[0]!.format,
      minUser,
      minItem,
      repeats: options.repeats ?? "keep",
      split: plan.split,
      order: interactions.order,
      timestampUnit: interactions.stored.unit,
      ...options.where === undefined ? {} : { where: options.where },
      ...options.minRating === undefined ? {} : { minRating: options.minRating },
      ...options.events === undefined ? {} : { events: options.events },
    },
    counts: { ...left, ...figures.splits },
    summary: { ...summary },
  };
  await writeJson(`${target}/dataset.json`, provenance);
  return { provenance, summary, warnings: warningsOf(options, log, summary, figures.splits), bad: log.firstBad };
}

function emptyBecause(log: Log, { leftOut }: Interactions): string {
  const [most] = Object.entries(leftOut).toSorted(([, a], [, b]) => b - a);
  if (log.rows === 0 || most === undefined) return "it holds no interactions";
  const columns = Object.entries(log.columns).map(([role, names]) => `${role}=${visible(names.join(","), 60)}`).join(
    ", ",
  );
  return `no interaction is left of its ${log.rows}: ${most[1]} are left out as ${most[0]} (${columns})`;
}

function checkLeft(
  file: string,
  log: Log,
  leftOut: Readonly<Record<string, number>>,
  start: Counts,
  left: Counts,
  { minUser, minItem }: { readonly minUser: number; readonly minItem: number },
): void {
  const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const filter = `by --min-user ${minUser} and --min-item ${minItem}`;
  if (left.interactions === 0) {
    const had = [plural(start.users, "user"), plural(start.items, "item"), plural(start.interactions, "interaction")];
    const own = start.users === start.interactions
      ? `; every line has a user of its own in column ${shown(log.columns.user![0]!)}: --user names another`
      : "";
    throw new PrepareError(file, `nothing is left of its ${had[0]}, ${had[1]} and ${had[2]} ${filter}${own}`);
  }
  for (const what of ["users", "items"] as const) {
    if (left[what] >= 2) continue;
    const of = start[what] === left[what] ? "current value is 1" : `1 of ${start[what]} are left ${filter}`;
    const role = what === "users" ? "user" : "item", lost = leftOut[`without ${what === "users" ? "a" : "an"} ${role}`];
    const hint = lost === undefined
      ? ""
      : `; ${plural(lost, "line")} without one in column ${shown(log.columns[role]![0]!)} are left out: ` +
        `--${role} names another`;
    throw new PrepareError(file, `a recommender needs at least 2 ${what}: ${of}${hint}`);
  }
}

function summaryOf(
  log: Log,
  interactions: Interactions,
  before: Counts,
  split: string,
  leftOut: Summary["leftOut"],
  details: Details | null,
  figures: Awaited<ReturnType<typeof figuresOf>>,
): Summary {
  const { format, why, table, encoding } = log.reads[0]!;
  const how = encoding === null || encoding === "utf-8" ? table.reading : `${table.reading}, ${encoding}`;
  return {
    read: {
      format: why === "" ? format : `${format}: ${why}`,
      how,
      columns: Object.fromEntries(Object.entries(log.columns).map(([role, names]) => [role, names.join(",")])),
      lines: log.rows + log.bad,
    },
    order: interactions.orderWords,
    split,
    leftOut,
    before,
    density: figures.density,
    lengths: figures.lengths,
    repeats: figures.repeats,
    ratings: interactions.ratings,
    events: interactions.events,
    span: interactions.span,
    items: details,
  };
}
