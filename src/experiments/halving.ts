import { parseJson } from "../json.ts";
import { writeWhole } from "../files/part_file.ts";
import { RunError } from "../files/run_record.ts";

/** Name of the file in a run directory that says how it fared at each rung. */
const RUNGS = "rungs.json";

/** Whether a run went on after a rung. */
export interface Decision {
  /** Epochs of the rung. */
  readonly epochs: number;
  /** The best validation until then, by the metric that decides. */
  readonly value: number;
  /** How many runs were better, and one. */
  readonly rank: number;
  /** How many had reached the rung, with this one. */
  readonly of: number;
  /** Whether it went on. */
  readonly goesOn: boolean;
}

/**
 * The decisions that were made on a run.
 *
 * @param folder Its run directory.
 * @returns The decisions, in order.
 * @throws {RunError} If the file of them is damaged.
 */
export async function readDecisions(folder: string): Promise<Decision[]> {
  let text;
  try {
    text = await Deno.readTextFile(`${folder}/${RUNGS}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  try {
    const decisions = parseJson(text);
    if (Array.isArray(decisions) && decisions.every(isDecision)) return decisions;
  } catch {
    // Said below, as for any other content
  }
  throw new RunError(`Cannot read the run in '${folder}' as its ${RUNGS} is damaged`);
}

/**
 * Records the decisions on a run.
 *
 * @param folder Its run directory.
 * @param decisions All of them.
 */
export function writeDecisions(folder: string, decisions: readonly Decision[]): void {
  writeWhole(`${folder}/${RUNGS}`, JSON.stringify(decisions, null, 2) + "\n");
}

/**
 * Whether a run was stopped at a rung, and has not gone on since.
 *
 * @param folder Its run directory.
 * @returns Whether it was.
 */
export async function isHalted(folder: string): Promise<boolean> {
  return (await readDecisions(folder)).at(-1)?.goesOn === false;
}

function isDecision(value: unknown): value is Decision {
  const { epochs, value: metric, rank, of, goesOn } = { ...value as Partial<Decision> };
  return [epochs, rank, of].every(Number.isSafeInteger) && Number.isFinite(metric) && typeof goesOn === "boolean";
}
