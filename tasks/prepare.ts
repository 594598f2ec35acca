/**
 * `deno task prepare`: makes a prepared dataset of a log of interactions.
 *
 * @module
 */

import { LONGEST_UNSPLIT } from "../src/data/leave_one_out.ts";
import { defineTask, parseFlags } from "./cli/flags.ts";
import { quoted } from "./cli/quoted.ts";
import { runTask } from "./cli/run_task.ts";

const task = defineTask({
  name: "prepare",
  summary:
    "Makes a dataset to train on of a log of interactions: filters rarely seen users and items, numbers the rest, " +
    "sorts every user's interactions by time, and splits them for leave-one-out evaluation (the last item is for testing, " +
    "the one before for validation).",
  argument: { placeholder: "FILE", description: "The log of interactions, plain or packed with gzip", required: true },
  examples: [
    [
      "Beauty.seq.txt.gz --format sequences",
      "A line for a user, 'user item item ...', oldest first; writes data/Beauty.",
    ],
    [
      "ratings.csv --format csv --user userId --item movieId",
      "A line for an interaction, under a line that names columns.",
    ],
    [
      "u.data --format csv --user 1 --item 2 --timestamp 4 --out data/ml-100k",
      "MovieLens-100K, whose columns have no names: they are numbered from 1.",
    ],
  ],
  flags: {
    format: {
      kind: "choice",
      choices: ["sequences", "csv"],
      required: true,
      description:
        "sequences: a line for a user, 'user item item ...' of integer ids, oldest first; csv: a line for an " +
        "interaction, delimited text",
    },
    out: { kind: "string", placeholder: "DIR", description: "Folder to write, by default data/ and the file's name" },
    overwrite: { kind: "boolean", default: false, description: "Replace the dataset that is there" },
    user: {
      kind: "string",
      placeholder: "COLUMN",
      group: "Delimited text",
      description: "Column of the users, by position from 1 or name; by default user, or 1 without a header",
    },
    item: {
      kind: "string",
      placeholder: "COLUMN",
      group: "Delimited text",
      description: "Column of the items; by default item, or 2 without a header",
    },
    timestamp: {
      kind: "string",
      placeholder: "COLUMN",
      group: "Delimited text",
      description:
        "Column to sort by, numbers or dates; by default timestamp if there is one, else the order of the file",
    },
    delimiter: {
      kind: "string",
      placeholder: "TEXT",
      group: "Delimited text",
      description:
        "What separates cells: tab, comma, semicolon, pipe, space or up to 4 characters; by default found out. " +
        "Quotes count with comma and semicolon only",
    },
    header: {
      kind: "boolean",
      group: "Delimited text",
      description:
        "Whether the first line names the columns; by default it does unless all of its cells are numbers or, where " +
        "all columns are given by position, only if its timestamp is a word",
    },
    encoding: {
      kind: "string",
      placeholder: "NAME",
      default: "utf-8",
      group: "Delimited text",
      description: "Encoding of the files, such as iso-8859-1",
    },
    items: {
      kind: "string",
      placeholder: "FILE",
      group: "Items",
      description: "More about the items, such as titles: delimited text, item id first",
    },
    itemColumns: {
      kind: "string",
      placeholder: "NAMES",
      group: "Items",
      description: "Names of its columns, separated by commas, if its first line does not name them",
    },
    minUser: {
      kind: "integer",
      min: 1,
      max: 1_000_000,
      default: 5,
      group: "Filter",
      description: "Fewest interactions of a user that stays, counted until nothing changes",
    },
    minItem: {
      kind: "integer",
      min: 1,
      max: 1_000_000,
      default: 5,
      group: "Filter",
      description: "Fewest interactions of an item that stays",
    },
  },
});

/**
 * Runs the task.
 *
 * @param args Its arguments.
 */
export async function main(args: readonly string[]): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { values } = parsed;
  const file = parsed.argument!;
  const out = values.out ?? `data/${file.replace(/^.*[/\\]/, "").replace(/(?<=.)\..*$/, "")}`;
  // Loaded only now: --help and a wrong flag need no native package.
  const { prepare } = await import("../src/prepare/prepare.ts");
  const { provenance: { counts }, dropped, order, columns, described, unusedTime } = await prepare({
    ...values,
    file,
    out,
  });
  const number = (value: number) => value.toLocaleString("en-US");
  const row = (name: string, value: number, note = "") => `  ${name.padEnd(14)}${number(value).padStart(12)}${note}`;
  const left = (count: number) => count === 0 ? "" : `   (${number(count)} left out by the filter)`;
  console.log([
    `Prepared ${out}`,
    row("users", counts.users, left(dropped.users)),
    row("items", counts.items, left(dropped.items)),
    row("interactions", counts.interactions, left(dropped.interactions)),
    row("train", counts.train),
    row("valid", counts.valid),
    row("test", counts.test),
    `  mean length    ${(counts.interactions / counts.users).toFixed(2).padStart(11)}`,
    ...columns === null ? [] : [`  columns        ${columns}`],
    `  sorted by      ${order}`,
    ...described === null
      ? []
      : [`  described      ${number(described)} of ${number(counts.items)} items, by ${values.items}`],
    "",
    "Train on it:",
    `  deno task train --model sasrec --data ${quoted(out)}`,
  ].join("\n"));
  if (unusedTime !== null) {
    console.error(
      `warning: Column '${unusedTime}' looks like a time and is not used, so the last items of a user are those of the ` +
        `last lines: pass --timestamp ${unusedTime} to sort by it`,
    );
  }
  if (counts.test === 0) {
    console.error(
      `warning: No user has an item to test on: a user needs at least ${LONGEST_UNSPLIT + 1} interactions to have one`,
    );
  }
}

if (import.meta.main) await runTask(() => main(Deno.args));
