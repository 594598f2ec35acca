/** What the exit code of a task says: see docs/batch-jobs.md. */
export const EXIT = {
  /** All is done. */
  done: 0,
  /** A fault of the program. */
  fault: 1,
  /** The command line, a variable or a config is wrong. */
  usage: 2,
  /** The data are wrong. */
  data: 3,
  /** Training diverged. */
  diverged: 4,
  /** Nothing is wrong with the job: the same again may well succeed. */
  again: 75,
} as const;
