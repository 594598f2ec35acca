import type { Provenance } from "../data/dataset.ts";
import { LONGEST_UNSPLIT } from "../data/leave_one_out.ts";
import type { Log } from "./_log.ts";
import type { PrepareOptions, Summary } from "./options.ts";
import { shown } from "./prepare_error.ts";

const number = (value: number) => value.toLocaleString("en-US");

/**
 * What may be wrong with a dataset though it was made: whoever reads it decides.
 *
 * @param options What it was made with.
 * @param log The log.
 * @param summary Its summary.
 * @param splits Interactions of each split.
 * @returns Sentences without their full stop.
 */
export function warningsOf(
  options: PrepareOptions,
  log: Log,
  summary: Summary,
  splits: Pick<Provenance["counts"], "valid" | "test">,
): string[] {
  const warnings: string[] = [], { ratings, events, before } = summary;
  if (log.unusedTime !== null && options.order !== "random") {
    const column = log.unusedTime;
    const what = options.order === "file" || log.ordered
      ? "so the last items of a user are those of the last lines"
      : "so items at random are held out, and not the last ones";
    warnings.push(
      `Column ${shown(column)} looks like a time and is not used, ${what}: pass --timestamp ${column} to sort by it`,
    );
  } else if (log.columns.timestamp === undefined && options.order === undefined && !log.ordered) {
    warnings.push(
      "The log has no time, so items at random are held out: if its lines are in the order of time, pass --order file",
    );
  }
  const threshold = options.minRating !== undefined || /rating|score|stars|overall/i.test(options.where ?? "");
  if (ratings !== null && !threshold && ratings.low > 0) {
    const range = `${ratings.least} to ${ratings.greatest}`;
    warnings.push(
      `All ratings count as positive, and ${number(ratings.low)} are in the lower half of their range, ${range}: ` +
        `--min-rating leaves out low ones`,
    );
  }
  if (events !== null && events.length > 1 && options.events === undefined && options.where === undefined) {
    const names = events.slice(0, 3).map(({ event, count }) => `${shown(event, 30)} (${number(count)})`).join(", ");
    warnings.push(
      `All kinds of events count alike, ${names}: --events keeps some of them, --repeats first each item once`,
    );
  }
  const lost = summary.leftOut["without a user"] ?? 0;
  if (lost > before.interactions) {
    warnings.push(`${number(lost)} lines have no user in column ${shown(log.columns.user![0]!)}: --user names another`);
  }
  if (splits.test === 0) {
    warnings.push(
      `No user has an item to test on: a user needs at least ${LONGEST_UNSPLIT + 1} interactions to have one`,
    );
  } else if (splits.valid === 0) {
    warnings.push("No user has an item to validate on, so nothing can be trained on it");
  }
  return warnings;
}
