import { FORMATS } from "../../src/prepare/formats/formats.ts";
import { MISSING } from "../../src/prepare/options.ts";
import { defineTask, type Flags } from "../cli/flags.ts";

/** How a text is laid out, for the log and, with a prefix, for the items file. */
function textFlags(group: string, whose: string) {
  return {
    encoding: {
      kind: "string",
      placeholder: "NAME",
      group,
      description:
        `Encoding of ${whose}, such as utf-16le, latin1 or windows-1252; by default what its mark says, else utf-8`,
    },
    delimiter: {
      kind: "string",
      placeholder: "TEXT",
      group,
      description:
        "What separates cells: tab, comma, semicolon, pipe, colons (::), space or up to 4 characters; by default found out",
    },
    header: {
      kind: "boolean",
      group,
      description: "Whether the first line names the columns; by default found out",
    },
    quote: {
      kind: "string",
      placeholder: "CHAR",
      group,
      description: "What stands around cells, or none; by default found out",
    },
    escape: {
      kind: "string",
      placeholder: "CHAR",
      group,
      description: 'What stands before a quote inside of quotes: " or \\; by default found out',
    },
    comment: {
      kind: "string",
      placeholder: "TEXT",
      group,
      description: "How comment lines begin, or none; by default # or % where the file begins with such lines",
    },
    skipLines: {
      kind: "integer",
      min: 0,
      max: 1_000_000,
      group,
      description: "Lines at the beginning that are not read",
    },
  } as const satisfies Flags;
}

type Prefixed<F> = { readonly [K in keyof F & string as `items${Capitalize<K>}`]: F[K] };

function prefixed<F extends Flags>(flags: F): Prefixed<F> {
  const entries = Object.entries(flags).map(([key, flag]) => [`items${key[0]!.toUpperCase()}${key.slice(1)}`, flag]);
  return Object.fromEntries(entries) as Prefixed<F>;
}

const COLUMNS = "Columns: by name, or by position from 1";
const COUNTS = "Which interactions count";
const SPLIT = "Split";
const ITEMS = "Items";

/** The command line of `deno task prepare`. */
export const task = defineTask({
  name: "prepare",
  summary:
    "Makes a dataset to train on of a log of interactions. It recognises the format, finds the columns, sorts every user's " +
    "interactions by time, leaves out what does not count, filters rarely seen users and items, splits what is left for " +
    "training, validation and test, and says what it did.",
  argument: {
    placeholder: "FILE...",
    description: "The log: files, folders, zip archives, patterns, http(s) addresses, or - for standard input; " +
      "plain or packed with gzip or zstd",
    required: true,
    many: true,
  },
  examples: [
    ["ml-100k", "A folder of MovieLens: finds ratings, times, titles and genres; writes data/ml-100k."],
    ["ratings.csv", "Delimited text whose header names columns such as userId, movieId and timestamp."],
    [
      "log.tsv --user 1 --item 5 --timestamp 2 --min-rating 4 --rating 3",
      "Columns without names, and only ratings of 4 and more.",
    ],
    [
      "'events/*.parquet' --events purchase --repeats first --split time=80%",
      "Only purchases, split at one point in time.",
    ],
    [
      "Beauty.seq.txt.gz --format sequences --out data/beauty",
      "A line for a user, 'user item item ...', oldest first.",
    ],
  ],
  sections: {
    "Formats": FORMATS.map(({ name, summary }) => [name, summary] as const),
  },
  flags: {
    out: { kind: "string", placeholder: "DIR", description: "Folder to write, by default data/ and the log's name" },
    overwrite: { kind: "boolean", default: false, description: "Replace the dataset that is there" },
    format: {
      kind: "choice",
      choices: ["auto", ...FORMATS.map(({ name }) => name)],
      default: "auto",
      description: "Format of the log; auto recognises it, and says what by",
    },
    json: { kind: "boolean", default: false, description: "Print the summary as JSON, as dataset.json has it" },
    ...textFlags("Text of the log", "the log"),
    user: {
      kind: "string",
      placeholder: "COLUMN",
      group: COLUMNS,
      description: "Column of the users; by default one with a usual name such as user_id, else the first",
    },
    item: {
      kind: "string",
      placeholder: "COLUMN",
      group: COLUMNS,
      description: "Column of the items; by default one with a usual name such as item_id, else the second",
    },
    timestamp: {
      kind: "string",
      placeholder: "COLUMNS",
      group: COLUMNS,
      description:
        "Column to sort by, or several, such as date,frame; by default one with a usual name such as timestamp",
    },
    timeFormat: {
      kind: "string",
      placeholder: "FORMAT",
      group: COLUMNS,
      description: "How its times are written, such as %d/%m/%Y %H:%M; by default found out: numbers of seconds to " +
        "nanoseconds, dates with the year first, names of months",
    },
    rating: {
      kind: "string",
      placeholder: "COLUMN",
      group: COLUMNS,
      description: "Column of the ratings; by default one with a usual name such as rating",
    },
    event: {
      kind: "string",
      placeholder: "COLUMN",
      group: COLUMNS,
      description: "Column of the kinds of events; by default one with a usual name such as event_type",
    },
    order: {
      kind: "choice",
      choices: ["time", "file", "random"],
      group: COLUMNS,
      description:
        "What a user's interactions are ordered by: their times; the lines of the file; or nothing, so that " +
        "items at random are held out. By default time where the log has one, else random",
    },
    where: {
      kind: "string",
      placeholder: "CONDITION",
      group: COUNTS,
      description:
        "Only lines that meet it, such as \"rating >= 4 and not (country in ('DE', 'AT'))\": comparisons of " +
        "columns with numbers and texts, is missing, and, or, not",
    },
    minRating: { kind: "number", group: COUNTS, description: "Only ratings of at least this" },
    events: { kind: "string", placeholder: "KINDS", group: COUNTS, description: "Only these events, such as cart,buy" },
    missing: {
      kind: "string",
      placeholder: "WORDS",
      group: COUNTS,
      description: `Words that stand for a missing value besides an empty cell, by default ${MISSING.join(",")}`,
    },
    repeats: {
      kind: "choice",
      choices: ["keep", "first", "last"],
      default: "keep",
      group: COUNTS,
      description: "Which of a user's interactions with one item stay",
    },
    onBad: {
      kind: "choice",
      choices: ["refuse", "skip"],
      default: "refuse",
      group: COUNTS,
      description: "What becomes of lines that cannot be read: they end it, or are left out and counted",
    },
    maxBad: {
      kind: "integer",
      min: 0,
      max: 1_000_000_000,
      default: 1000,
      group: COUNTS,
      description: "Most lines that --on-bad skip leaves out",
    },
    minUser: {
      kind: "integer",
      min: 1,
      max: 1_000_000,
      group: COUNTS,
      description:
        "Fewest interactions of a user that stays, counted until nothing changes; by default 5, or 1 where the " +
        "split is given",
    },
    minItem: {
      kind: "integer",
      min: 1,
      max: 1_000_000,
      group: COUNTS,
      description: "Fewest interactions of an item that stays; by default as for users",
    },
    split: {
      kind: "string",
      placeholder: "RULE",
      group: SPLIT,
      description:
        "leave-one-out (the default): the last item of a user is for testing, the one before for validation; " +
        "time=80% or time=2020-01-01: one point in time for all, where testing begins, and a tenth of what is before it for " +
        "validation (time=80%,90% for both points); ratio=80,10,10: of each user's interactions; given: see below",
    },
    valid: { kind: "string", placeholder: "FILE", group: SPLIT, description: "Interactions to validate on" },
    test: {
      kind: "string",
      placeholder: "FILE",
      group: SPLIT,
      description: "Interactions to test on; without --valid one of each user's other interactions is for validation",
    },
    splitColumn: {
      kind: "string",
      placeholder: "COLUMN",
      group: SPLIT,
      description: "Column that says train, valid or test",
    },
    seed: {
      kind: "integer",
      min: 0,
      max: 2 ** 32 - 1,
      default: 0,
      group: SPLIT,
      description: "What is held out at random depends on it",
    },
    items: {
      kind: "string",
      placeholder: "FILE",
      group: ITEMS,
      description: "More about the items, such as titles: a file of any of the formats",
    },
    itemsId: {
      kind: "string",
      placeholder: "COLUMN",
      group: ITEMS,
      description: "Column of its ids; by default found out",
    },
    itemColumns: {
      kind: "string",
      placeholder: "NAMES",
      group: ITEMS,
      description: "Names of its columns, separated by commas, if its first line does not name them",
    },
    itemsFormat: {
      kind: "choice",
      choices: ["auto", ...FORMATS.map(({ name }) => name)],
      default: "auto",
      group: ITEMS,
      description: "Its format",
    },
    ...prefixed(textFlags(ITEMS, "the items file")),
  },
});
