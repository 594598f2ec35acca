import { parseJson } from "../json.ts";
import type { TrainingEvent } from "../training/train.ts";

/**
 * The event of training that a line says, of a log or of what a run prints.
 *
 * @param line The line.
 * @returns The event; null where the line is cut off, or says something else.
 */
export function eventIn(line: string): TrainingEvent | null {
  try {
    const event = parseJson(line) as TrainingEvent | null;
    return event?.type === "epoch" || event?.type === "evaluation" ? event : null;
  } catch {
    return null;
  }
}
