import { duration } from "../cli/progress_report.ts";
import type { Standing } from "./standing.ts";

/**
 * How long the rest of a sweep will take, by what has been trained in its folder: seconds of an epoch, and of what comes
 * with it, of the runs with the same model and dataset, or of all where there is none of these.
 *
 * @param standings The runs.
 * @param jobs Runs at a time.
 * @param halves Whether runs may be stopped early.
 * @returns The estimate in words.
 */
export function estimateOf(standings: readonly Standing[], jobs: number, halves: boolean): string {
  const left = standings.filter(({ state }) => state === "new" || state === "started");
  if (left.length === 0) return "nothing is left to do";
  const paces = standings.flatMap(({ kind, record }) => {
    const epochs = (record?.events ?? []).filter(({ type }) => type === "epoch").length;
    const seconds = (record?.events ?? []).reduce((sum, event) => sum + event.seconds, 0);
    return epochs > 0 || record?.metrics ? [{ kind, pace: seconds / Math.max(1, epochs) }] : [];
  });
  if (paces.length === 0) return "not known before a run has trained for an epoch: start the sweep, and ask again then";
  const mean = (of: typeof paces) => of.reduce((sum, { pace }) => sum + pace, 0) / of.length;
  const total = left.reduce((sum, { kind, epochs, record }) => {
    const same = paces.filter((other) => other.kind === kind), trained = record?.events.at(-1)?.epoch ?? 0;
    return sum + mean(same.length > 0 ? same : paces) * Math.max(1, epochs - trained);
  }, 0);
  const words = `${duration(1000 * total / Math.min(jobs, left.length))} with ${Math.min(jobs, left.length)} at a time`;
  const runs = paces.length === 1 ? "the run that has" : `the ${paces.length} runs that have`;
  return `${halves ? "at most " : "about "}${words}, by the epochs of ${runs} trained here so far`;
}
