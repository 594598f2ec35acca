import { parseJson } from "../json.ts";
import { isRankingMetrics } from "../training/checkpoint.ts";

/**
 * The object in a JSON file.
 *
 * @param bytes The file.
 * @returns The object; null where there is none.
 */
export function parsedObject(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && !Array.isArray(value) ? value as Record<string, unknown> | null : null;
  } catch {
    return null;
  }
}

/**
 * Whether `metrics.json` says what a finished run came to.
 *
 * @param value The object in it, if there is one.
 * @returns Whether it does.
 */
export function isFinishedMetrics(value: Readonly<Record<string, unknown>> | null): boolean {
  return value !== null && Number.isSafeInteger(value["bestEpoch"]) && isRankingMetrics(value["valid"]) &&
    isRankingMetrics(value["test"]);
}
