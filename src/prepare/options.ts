import type { Provenance } from "../data/dataset.ts";

/** What to make a dataset of, and how. */
export interface PrepareOptions {
  /** The log of interactions. */
  readonly file: string;
  /** A line for a user, oldest item first, or a line for an interaction. */
  readonly format: "sequences" | "csv";
  /** Column of the users, by position or name; by default `user`, or the first where columns have no names. */
  readonly user?: string | undefined;
  /** Column of the items, by position or name; by default `item`, or the second where columns have no names. */
  readonly item?: string | undefined;
  /** Column to sort by; by default `timestamp` if there is one, else the order of the file. */
  readonly timestamp?: string | undefined;
  /** What separates cells; by default found out. */
  readonly delimiter?: string | undefined;
  /** Whether the first line names the columns; by default found out. */
  readonly header?: boolean | undefined;
  /** More about the items: delimited text, item id first. */
  readonly items?: string | undefined;
  /** Names of the columns of `items` if its first line does not name them; the first is the id's. */
  readonly itemColumns?: string | undefined;
  /** Encoding of the files. */
  readonly encoding: string;
  /** Fewest interactions of a user that stays. */
  readonly minUser: number;
  /** Fewest interactions of an item that stays. */
  readonly minItem: number;
  /** Folder to write. */
  readonly out: string;
  /** Whether a dataset that is there already is replaced. */
  readonly overwrite: boolean;
}

/** What was made. */
export interface Prepared {
  /** The content of `dataset.json`. */
  readonly provenance: Provenance;
  /** What the filter left out. */
  readonly dropped: { readonly users: number; readonly items: number; readonly interactions: number };
  /** What the interactions of a user are sorted by. */
  readonly order: string;
  /** Which columns were read, and whether they had names; `null` where there are none. */
  readonly columns: string | null;
  /** A column that looks like a time and was not used, while interactions are in the order of the file; else `null`. */
  readonly unusedTime: string | null;
  /** Items that the items file has something of; `null` where there is no such file. */
  readonly described: number | null;
}
