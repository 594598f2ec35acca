import type { PlannedRun } from "./plan.ts";

/** A part of a sweep: one of as many as there are jobs. */
export interface Part {
  /** Which one, from 0 on. */
  readonly index: number;
  /** How many there are. */
  readonly of: number;
}

/** Variables by which an array of jobs tells each of them which one it is, and, where it does, how many there are. */
interface ArrayVariables {
  /** Who sets them. */
  readonly name: string;
  /** Which job it is. */
  readonly index: string;
  /** How many there are; null where it is not told. */
  readonly of: string | null;
  /** The least index, where that need not be 0. */
  readonly least?: string;
}

/** Arrays of jobs that are known. */
export const ARRAYS: readonly ArrayVariables[] = [
  { name: "Slurm", index: "SLURM_ARRAY_TASK_ID", of: "SLURM_ARRAY_TASK_COUNT", least: "SLURM_ARRAY_TASK_MIN" },
  { name: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", of: "AWS_BATCH_JOB_ARRAY_SIZE" },
  { name: "Cloud Run", index: "CLOUD_RUN_TASK_INDEX", of: "CLOUD_RUN_TASK_COUNT" },
  { name: "Kubernetes", index: "JOB_COMPLETION_INDEX", of: null },
];

/**
 * Which part of a sweep this process runs.
 *
 * @param given What the user says: either of the two may be left out.
 * @param variable Reads a variable of the environment.
 * @returns The part, and who says so where it is not the user; null where all of the sweep is asked for.
 * @throws {RangeError} If one of the two is not known, or the index is not below their number.
 */
export function partOf(
  given: Partial<Part>,
  variable: (name: string) => string | undefined,
): (Part & { readonly by: string | null }) | null {
  const array = ARRAYS.find(({ index }) => variable(index) !== undefined), name = array?.index;
  const read = (name: string | null | undefined) => {
    const text = name ? variable(name) : undefined;
    if (text === undefined) return undefined;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new RangeError(`Cannot run a part of the sweep as ${name} must be an integer: current value is '${text}'`);
  };
  if (given.index === undefined && given.of === undefined && array === undefined) return null;
  const first = read(array?.least) ?? 0, own = read(name);
  const index = given.index ?? (own === undefined ? undefined : own - first), of = given.of ?? read(array?.of);
  if (index === undefined) {
    throw new RangeError(
      `Cannot run a part of the sweep as no variable says which one this is: give --index N, from 0 to ${of! - 1}`,
    );
  }
  if (of === undefined) {
    const whose = given.index === undefined ? `${name} says which part this is, and nothing` : "nothing";
    throw new RangeError(`Cannot run a part of the sweep as ${whose} says how many there are: give --of M`);
  }
  if (index < 0 || index >= of) {
    throw new RangeError(
      `Cannot run a part of the sweep as --index must be in [0, ${
        of - 1
      }], as --of is ${of}: current value is ${index}`,
    );
  }
  return { index, of, by: given.index === undefined ? name! : null };
}

/**
 * The runs of a part: every `of`-th, so that each part has some of all datasets and models.
 *
 * @param plan All runs.
 * @param part The part.
 * @returns Its runs; none where there are more parts than runs.
 */
export function runsOfPart(plan: readonly PlannedRun[], { index, of }: Part): PlannedRun[] {
  return plan.filter((_, place) => place % of === index);
}
