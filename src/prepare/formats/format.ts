import type { Database } from "../_database.ts";
import type { TextOptions } from "../input/dialect.ts";
import type { Roles } from "../_roles.ts";
import type { TextChange } from "../input/text.ts";

/** The beginning of a file, which its format is told from. */
export interface Sample {
  /** Name of the file, without its folder. */
  readonly file: string;
  /** The first bytes, unpacked. */
  readonly head: Uint8Array;
  /** The same as text: whole lines, separated by line feeds; null if it is none. */
  readonly text: string | null;
  /** The lines of that text that are read and not blank. */
  readonly lines: readonly string[];
  /** What is said of the text. */
  readonly options: TextOptions;
}

/** A file that a format reads. */
export interface LogFile {
  /** How messages name it. */
  readonly name: string;
  /** Its beginning. */
  readonly sample: Sample;
  /** What is said of its text. */
  readonly options: TextOptions;
  /** Columns that are asked for, by position or name. */
  readonly asked: readonly string[];
  /** The database that reads it. */
  readonly db: Database;
  /**
   * Copies its text as UTF-8.
   *
   * @param change What is changed on the way.
   * @returns Where the copy lies.
   */
  copy(change?: TextChange): Promise<string>;
  /**
   * Its bytes, unpacked.
   *
   * @returns Where they lie.
   */
  place(): Promise<string>;
}

/** A line that could not be read. */
export interface BadLine {
  /** Its number, from 1. */
  readonly line: number;
  /** What it holds. */
  readonly text: string;
  /** What is wrong, as in "has 3 columns: expected 4". */
  readonly why: string;
}

/** What could not be read. */
export interface BadLines {
  /** How many lines. */
  readonly count: number;
  /** The first few. */
  readonly first: readonly BadLine[];
}

/** A file as the database reads it. */
export interface LogTable {
  /** Names of the columns: "1", "2", ... where there are none. */
  readonly columns: readonly string[];
  /** Whether the file names its columns. */
  readonly named: boolean;
  /** Whether its first line does, which may be taken for names by mistake. */
  readonly header?: boolean | undefined;
  /** Columns whose meaning the format knows. */
  readonly roles: Roles;
  /** Whether the interactions of a user stand in the order of time. */
  readonly ordered: boolean;
  /** How it was read, for the summary. */
  readonly reading: string;
  /** A table of SQL with the columns as texts c0, c1, ... in the order of the file. */
  readonly from: string;
  /** What a record is called: "line", or "row" where there are no lines. */
  readonly record: "line" | "row";
  /** Number of the line of a record, from 0. */
  lineOf(record: number): Promise<number>;
  /** Lines that could not be read, once the table was. */
  bad(): Promise<BadLines>;
}

/** The files of a folder or an archive that are read. */
export interface FolderPlan {
  /** The log. */
  readonly log: readonly string[];
  /** What is known of the items. */
  readonly items?: string | undefined;
  /** Interactions to validate on. */
  readonly valid?: string | undefined;
  /** Interactions to test on. */
  readonly test?: string | undefined;
}

/** A format of logs, declared once: recognition, reading, help and docs follow from it. */
export interface Format {
  /** Its name, as `--format` takes it. */
  readonly name: string;
  /** What it is, in a sentence without its full stop. */
  readonly summary: string;
  /** Encoding of files that are not UTF-8, where the format has one of its own. */
  readonly encoding?: string;
  /**
   * Tells whether a file is of this format.
   *
   * @param sample Its beginning.
   * @returns What it was told by, or null.
   */
  recognise(sample: Sample): string | null;
  /**
   * Tells which files of a folder are the log.
   *
   * @param files Their names.
   * @returns The files, or null where it is no folder of this format.
   */
  folder?(files: readonly string[]): FolderPlan | null;
  /**
   * Reads a file.
   *
   * @param file The file.
   * @returns How the database reads it.
   * @throws {PrepareError} If it cannot be read.
   */
  read(file: LogFile): Promise<LogTable>;
}

/** Lines that could not be read where all can. */
export const NONE_BAD: BadLines = { count: 0, first: [] };

/** Bad lines that are shown. */
export const SHOWN_BAD = 3;
