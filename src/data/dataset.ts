/**
 * What training and evaluation see of a log of interactions: every user's items in time order, split into those to train
 * on, to validate on and to test on.
 *
 * @module
 */
import type { PackedSequences } from "./sequences.ts";

/** A file that a dataset was made from. */
export interface SourceFile {
  /** Name of the file, without its folder. */
  readonly file: string;
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of the file's bytes, in hexadecimal. */
  readonly sha256: string;
}

/** Where a dataset comes from: the content of `dataset.json`. */
export interface Provenance {
  /** Version of the file format, {@linkcode SCHEMA_VERSION}. */
  readonly schemaVersion: number;
  /** Name of the dataset. */
  readonly name: string;
  /** The program that wrote it. */
  readonly createdBy: string;
  /** The files that it was made from; empty if it was made from none. */
  readonly source: readonly SourceFile[];
  /** The settings that it was made with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** How much it holds, to check the other files against. */
  readonly counts: {
    /** Users. */
    readonly users: number;
    /** Items. */
    readonly items: number;
    /** Interactions of all three splits. */
    readonly interactions: number;
    /** Interactions to train on. */
    readonly train: number;
    /** Interactions to validate on. */
    readonly valid: number;
    /** Interactions to test on. */
    readonly test: number;
  };
  /** What the program that wrote it says of it besides. */
  readonly summary?: Readonly<Record<string, unknown>>;
}

/** Version of the prepared dataset's file format that this module reads and writes. */
export const SCHEMA_VERSION = 1;

/**
 * A log of interactions, split. Users and items are numbered from 0; their names in the source are kept beside.
 *
 * Each split has a sequence for every user, which may be empty: user `u` interacted with
 * `train.items.subarray(train.offsets[u], train.offsets[u + 1])`, oldest first, then with those of `valid`, then with those
 * of `test`.
 */
export interface Dataset {
  /** Name of the dataset. */
  readonly name: string;
  /** Number of users. */
  readonly userCount: number;
  /** Number of items. */
  readonly itemCount: number;
  /** Names of the users in the source, `[userCount]`. */
  readonly users: readonly string[];
  /** Names of the items in the source, `[itemCount]`. */
  readonly items: readonly string[];
  /** Each user's items to train on. */
  readonly train: PackedSequences;
  /** Each user's items to validate on: those after the training items. */
  readonly valid: PackedSequences;
  /** Each user's items to test on: the last ones. */
  readonly test: PackedSequences;
  /** What else is known of the items, such as `title` and `category`: by name, `[itemCount]` each. */
  readonly itemColumns: Readonly<Record<string, readonly (string | null)[]>>;
  /** Where the dataset comes from. */
  readonly provenance: Provenance;
}

/** The items of every user, split. */
export type SplitItems = Pick<Dataset, "train" | "valid" | "test">;
