/**
 * What training and evaluation see of a log of interactions: every user's items in time order, split for leave-one-out
 * evaluation.
 *
 * @module
 */

/** Where a dataset comes from: the content of `dataset.json`. */
export interface Provenance {
  /** Version of the file format, {@linkcode SCHEMA_VERSION}. */
  readonly schemaVersion: number;
  /** Name of the dataset. */
  readonly name: string;
  /** The program that wrote it. */
  readonly createdBy: string;
  /** The file that it was made from, or null if it was made from none. */
  readonly source: {
    /** Name of the file, without its folder. */
    readonly file: string;
    /** Size of the file. */
    readonly bytes: number;
    /** SHA-256 of the file's bytes, in hexadecimal. */
    readonly sha256: string;
  } | null;
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
    /** Users with an item to validate on. */
    readonly valid: number;
    /** Users with an item to test on. */
    readonly test: number;
  };
}

/** Version of the prepared dataset's file format that this module reads and writes. */
export const SCHEMA_VERSION = 1;

/**
 * A log of interactions, split. Users and items are numbered from 0; their names in the source are kept beside.
 *
 * The training sequences are one compressed sparse row structure: user `u` interacted with
 * `trainItems.subarray(trainOffsets[u], trainOffsets[u + 1])`, oldest first.
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
  /** Where each user's training items begin, `[userCount + 1]`. */
  readonly trainOffsets: Uint32Array<ArrayBuffer>;
  /** Training items of all users end to end, in time order within a user. */
  readonly trainItems: Uint32Array<ArrayBuffer>;
  /** The item after each user's training items, or -1 where there is none, `[userCount]`. */
  readonly validItems: Int32Array<ArrayBuffer>;
  /** Each user's last item, or -1 where there is none, `[userCount]`. */
  readonly testItems: Int32Array<ArrayBuffer>;
  /** What else is known of the items, such as `title` and `category`: by name, `[itemCount]` each. */
  readonly itemColumns: Readonly<Record<string, readonly (string | null)[]>>;
  /** Where the dataset comes from. */
  readonly provenance: Provenance;
}
