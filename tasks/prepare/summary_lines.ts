import type { Prepared } from "../../src/prepare/options.ts";
import { visible } from "../../src/prepare/prepare_error.ts";

const number = (value: number) => value.toLocaleString("en-US");
const percent = (share: number) =>
  share === 0 ? "0 %" : `${(100 * share).toFixed(share < 0.0001 ? 5 : share < 0.01 ? 3 : 1)} %`;

/**
 * What is said of a dataset that was made.
 *
 * @param prepared What was made.
 * @param out Its folder.
 * @param items Its items file, if there is one.
 * @returns The lines.
 */
export function summaryLines({ provenance, summary }: Prepared, out: string, items: string | undefined): string[] {
  const { counts } = provenance, { read, before, lengths, leftOut, span, ratings, events } = summary;
  const of = (left: number, all: number) => left === all ? "" : `   of ${number(all)}`;
  const row = (name: string, text: string | number, note = "") =>
    `  ${name.padEnd(15)}${typeof text === "number" ? number(text).padStart(13) : text}${note}`;
  const columns = Object.entries(read.columns).map(([role, column]) => `${role}=${column}`).join(", ");
  return [
    `Prepared ${out}`,
    row("read as", `${read.format}; ${read.how}`),
    row("columns", columns),
    row("lines", read.lines),
    ...Object.entries(leftOut).map(([reason, count]) => row("  left out", count, `   ${reason}`)),
    row("users", counts.users, of(counts.users, before.users)),
    row("items", counts.items, of(counts.items, before.items)),
    row("interactions", counts.interactions, of(counts.interactions, before.interactions)),
    row("train", counts.train),
    row("valid", counts.valid),
    row("test", counts.test),
    row("density", percent(summary.density).padStart(13)),
    row("repeats", percent(summary.repeats).padStart(13)),
    row(
      "per user",
      `mean ${lengths.mean}, least ${lengths.min}, quartiles ${lengths.p25} ${lengths.median} ${lengths.p75}, ` +
        `95 % ${lengths.p95}, most ${number(lengths.max)}`,
    ),
    ...span === null ? [] : [row("from, to", `${span.first}, ${span.last}`)],
    ...ratings === null
      ? []
      : [row("ratings", `${ratings.least} to ${ratings.greatest}, ${number(ratings.low)} in the lower half`)],
    ...events === null
      ? []
      : [row("events", events.map(({ event, count }) => `${event} ${number(count)}`).slice(0, 6).join(", "))],
    row("ordered by", summary.order),
    row("split", summary.split),
    ...summary.items === null ? [] : [
      row(
        "described",
        `${number(summary.items.described)} of ${number(counts.items)} items, by ${items ?? "the folder"}`,
      ),
      row("", `columns ${summary.items.columns.join(", ")}`),
      ...summary.items.leftOut === 0 ? [] : [row("", `${number(summary.items.leftOut)} lines could not be read`)],
    ],
  ].map((line) => visible(line));
}
