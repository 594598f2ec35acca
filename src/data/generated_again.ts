import { shown } from "../options.ts";
import type { Dataset, Provenance } from "./dataset.ts";
import { generatedDataset } from "./generated.ts";

/** Draws that take a few seconds. */
const MOST = 2 ** 24;

/**
 * Makes the generated dataset again that a model was trained on. What a model file says of it need not be true: nothing is
 * made that the counts and the items of the model do not bear out, nor what would take minutes.
 *
 * @param provenance Where the dataset comes from, as the model says.
 * @param itemCount Number of items of the model.
 * @param userCount Number of users of the model; null where it does not know them.
 * @returns The dataset.
 * @throws {RangeError} If the options are out of range, do not fit what is there, or ask for too much.
 */
export function generatedAgain(
  { options, counts }: Pick<Provenance, "options" | "counts">,
  itemCount: number,
  userCount: number | null,
): Dataset {
  const fail = (why: string, cause?: unknown) =>
    new RangeError(`Cannot generate the dataset of the model again as ${why}`, { cause });
  const expected = { users: userCount ?? counts.users, items: itemCount };
  for (const name of ["users", "items"] as const) {
    if (options[name] === expected[name] && counts[name] === expected[name]) continue;
    throw fail(`its ${name} must be ${expected[name]}: current value is ${shown(options[name])} of ${counts[name]}`);
  }
  for (const name of ["maxLength", "groupsPerUser"] as const) {
    const value = options[name], draws = typeof value === "number" ? counts.users * value : 0;
    if (!(draws <= MOST)) throw fail(`its users times ${name} must be at most ${MOST}: current value is ${draws}`);
  }
  try {
    return generatedDataset(options);
  } catch (cause) {
    throw fail(`its options are refused: ${(cause as Error).message}`, cause);
  }
}
