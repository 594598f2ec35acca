import type { Provenance } from "../data/dataset.ts";
import type { TextOptions } from "./input/dialect.ts";
import type { BadLine } from "./formats/format.ts";

/** Words that stand for a missing value where nothing else is said; an empty cell always does. */
export const MISSING: readonly string[] = ["NA", "N/A", "NULL", "null", "NaN", "nan", "None", "\\N"];

/** Which of a user's interactions with one item stay. */
export type Repeats = "keep" | "first" | "last";

/** What the interactions of a user are ordered by. */
export type Order = "time" | "file" | "random";

/** What to make a dataset of, and how. */
export interface PrepareOptions extends TextOptions {
  /** The log: files, folders, zip archives, patterns, addresses, or `-` for standard input. */
  readonly files: readonly string[];
  /** Folder to write. */
  readonly out: string;
  /** Whether a dataset that is there already is replaced; by default it is not. */
  readonly overwrite?: boolean | undefined;
  /** Format of the log; `auto`, the default, recognises it. */
  readonly format?: string | undefined;

  /** Column of the users, by position from 1 or by name. */
  readonly user?: string | undefined;
  /** Column of the items. */
  readonly item?: string | undefined;
  /** Column to sort by, or several separated by commas. */
  readonly timestamp?: string | undefined;
  /** How times are written, in the signs of strptime; by default found out. */
  readonly timeFormat?: string | undefined;
  /** Column of the ratings. */
  readonly rating?: string | undefined;
  /** Column of the kinds of events. */
  readonly event?: string | undefined;
  /** What a user's interactions are ordered by: `time` if the log has one, else `random`; `file` trusts its lines. */
  readonly order?: Order | undefined;

  /** Words that stand for a missing value; {@linkcode MISSING} by default. */
  readonly missing?: readonly string[] | undefined;
  /** A condition that interactions meet, such as `rating >= 4`. */
  readonly where?: string | undefined;
  /** Lowest rating of an interaction that stays. */
  readonly minRating?: number | undefined;
  /** Kinds of events that stay. */
  readonly events?: readonly string[] | undefined;
  /** Whether lines that cannot be read end it all, which is the default, or are left out. */
  readonly onBad?: "refuse" | "skip" | undefined;
  /** Most lines that may be left out so; 1,000 by default. */
  readonly maxBad?: number | undefined;
  /** Which of a user's interactions with one item stay; all by default. */
  readonly repeats?: Repeats | undefined;
  /** Fewest interactions of a user that stays: 5 by default, 1 where the split is given. */
  readonly minUser?: number | undefined;
  /** Fewest interactions of an item that stays. */
  readonly minItem?: number | undefined;

  /** `leave-one-out` (the default), `time=...`, `ratio=...`, or `given`. */
  readonly split?: string | undefined;
  /** Interactions to validate on, in the format of the log. */
  readonly valid?: string | undefined;
  /** Interactions to test on, in the format of the log. */
  readonly test?: string | undefined;
  /** Column that says `train`, `valid` or `test`. */
  readonly splitColumn?: string | undefined;
  /** What is drawn at random depends on it; 0 by default. */
  readonly seed?: number | undefined;

  /** More about the items, such as titles: a file of any format. */
  readonly items?: string | undefined;
  /** How that file is laid out. */
  readonly itemsText?: ItemsOptions | undefined;

  /** Told how far it is. */
  readonly onProgress?: ((progress: PrepareProgress) => void) | undefined;
  /** Ends it early, leaving nothing behind. */
  readonly signal?: AbortSignal | undefined;
}

/** How an items file is laid out; what is not said is found out. */
export interface ItemsOptions extends TextOptions {
  /** Its format. */
  readonly format?: string | undefined;
  /** Column of the items' ids, by position or name. */
  readonly id?: string | undefined;
  /** Names of its columns if its first line does not name them, separated by commas. */
  readonly columns?: string | undefined;
}

/** How far preparing is. */
export interface PrepareProgress {
  /** What is done now. */
  readonly step: string;
  /** Share of the whole, in [0, 1]. */
  readonly done: number;
}

/** Numbers that stand at the end of preparing, and in `dataset.json`. */
export interface Summary {
  /** How the log was read. */
  readonly read: {
    /** Format, and what it was told by. */
    readonly format: string;
    /** Delimiter, quotes, header and encoding in words. */
    readonly how: string;
    /** Columns by their roles. */
    readonly columns: Readonly<Record<string, string>>;
    /** Lines or rows of the log. */
    readonly lines: number;
  };
  /** What the interactions of a user are ordered by, and how the split was made, in words. */
  readonly order: string;
  /** How the split was made, in words. */
  readonly split: string;
  /** Interactions that each step left out, by its name; steps that left out none are not there. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Users, items and interactions before the filter of rarely seen ones. */
  readonly before: { readonly users: number; readonly items: number; readonly interactions: number };
  /** Share of all pairs of a user and an item that have an interaction. */
  readonly density: number;
  /** Interactions of a user: percentiles and the mean. */
  readonly lengths: Readonly<Record<"min" | "p25" | "median" | "p75" | "p95" | "max" | "mean", number>>;
  /** Share of interactions with an item that the user has met before. */
  readonly repeats: number;
  /** Ratings: their range, and how many are below its middle; null where there are none. */
  readonly ratings: { readonly least: number; readonly greatest: number; readonly low: number } | null;
  /** Kinds of events and how many interactions there are of each, the most frequent first; null where there are none. */
  readonly events: readonly { readonly event: string; readonly count: number }[] | null;
  /** First and last instant of the log; null without times. */
  readonly span: { readonly first: string; readonly last: string } | null;
  /** Items that the items file tells of, and what it has; null where there is none. */
  readonly items: { readonly described: number; readonly columns: readonly string[]; readonly leftOut: number } | null;
}

/** What was made. */
export interface Prepared {
  /** The content of `dataset.json`. */
  readonly provenance: Provenance;
  /** What is said at the end. */
  readonly summary: Summary;
  /** What may be wrong, in sentences. */
  readonly warnings: readonly string[];
  /** The first lines that could not be read and were left out. */
  readonly bad: readonly (BadLine & { readonly file: string })[];
}
