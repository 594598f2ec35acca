import type { Comparison } from "../../src/experiments/comparison.ts";
import { comparisonWords } from "../../src/experiments/comparison_words.ts";
import type { ResultGroup, ResultRow, Results } from "../../src/experiments/results.ts";
import { markdownTable } from "../cli/markdown_table.ts";
import { resultTable } from "../cli/result_table.ts";
import { aligned } from "../cli/results.ts";
import { visible } from "../../src/prepare/prepare_error.ts";

/** What is shown. */
export interface ResultPage {
  /** What the runs came to. */
  readonly results: Results;
  /** Which of them are compared, and whether the differences are luck. */
  readonly comparisons: readonly Comparison[];
  /** The metric that is compared. */
  readonly metric: string;
  /** Whether a row of the table is the mean over seeds. */
  readonly isMeans: boolean;
}

/**
 * Results for a terminal.
 *
 * @param page The results.
 * @returns The text.
 */
export function textOf(page: ResultPage): string {
  const blocks = [aligned(tableOf(page))];
  for (const { headline, details } of wordsOf(page)) {
    blocks.push([headline, ...details.map((line) => `  ${line}`)].join("\n"));
  }
  const notes = notesOf(page);
  if (notes.length > 0) blocks.push(notes.map((note) => `note: ${note}`).join("\n"));
  return blocks.join("\n\n") + "\n";
}

/**
 * Results for a document.
 *
 * @param page The results.
 * @returns Markdown.
 */
export function markdownOf(page: ResultPage): string {
  const [head, ...rows] = tableOf(page).map((cells) => cells.map(escaped));
  const blocks = [markdownTable(head!, rows).join("\n")];
  for (const { headline, details } of wordsOf(page)) {
    blocks.push(`**${escaped(headline)}**`, details.map((line) => `- ${escaped(line)}`).join("\n"));
  }
  const notes = notesOf(page);
  if (notes.length > 0) blocks.push(notes.map((note) => `Note: ${escaped(note)}`).join("\n\n"));
  return blocks.join("\n\n") + "\n";
}

/**
 * Results for a program: runs, groups of seeds, comparisons and notes.
 *
 * @param page The results.
 * @returns JSON.
 */
export function jsonOf(page: ResultPage): string {
  const { results: { varying, rows, groups }, comparisons, metric } = page;
  return JSON.stringify(
    {
      varying,
      metric,
      runs: rows.map(runOf),
      groups: groups.map(groupOf),
      comparisons: comparisons.map((comparison) => {
        const { request, group, baseline, ...numbers } = comparison;
        const names = ({ rows }: ResultGroup) => rows.map(({ name }) => name);
        return {
          ...request,
          runs: names(group),
          againstRuns: names(baseline),
          ...numbers,
          words: wordsFor(page, comparison),
        };
      }),
      notes: notesOf(page),
    },
    null,
    2,
  ) + "\n";
}

function runOf({ run: { path, dataset, metrics }, ...row }: ResultRow): unknown {
  const { device = null, version = null, protocol = null, digest = null } = metrics ?? {};
  return { ...row, path, dataset, device, version, protocol, digest };
}

function groupOf({ rows, leftOut, ...group }: ResultGroup): unknown {
  return { ...group, runs: rows.map(({ name }) => name), leftOut: leftOut.map(({ name }) => name) };
}

function tableOf({ results, metric, isMeans }: ResultPage): string[][] {
  return resultTable(results, isMeans ? { groups: results.groups } : { rows: results.rows }, metric);
}

function wordsFor({ comparisons }: ResultPage, comparison: Comparison) {
  return comparisonWords(comparison, comparisons);
}

function wordsOf(page: ResultPage) {
  return page.comparisons.map((comparison) => {
    const { headline, details } = wordsFor(page, comparison);
    return { headline: visible(headline), details: details.map((line) => visible(line)) };
  });
}

/** What a reader has to know: of the runs, of tests that there are none of, and of many of them. */
function notesOf({ results: { warnings, rows }, comparisons }: ResultPage): string[] {
  const tests = comparisons.filter(({ overSeeds }) => overSeeds !== null).length;
  const protocols = new Set(rows.flatMap(({ run: { metrics } }) => metrics === null ? [] : [metrics.protocol]));
  return [
    ...warnings.map((line) => visible(line)),
    ...tests < 3 ? [] : [`${tests} comparisons: by luck alone, one in twenty has p < 0.05`],
    ...protocols.size === 1 ? [`protocol: ${visible([...protocols][0]!)}`] : [],
  ];
}

/** A text as Markdown shows it. */
function escaped(text: string): string {
  return text.replace(/[|*_\\<`[\]]/g, "\\$&");
}
