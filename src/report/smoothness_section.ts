import { summaryOf } from "../experiments/summary.ts";
import { dotPlot, type DotRow } from "./_dot_plot.ts";
import { counted, plainFigure } from "./_figures.ts";
import { type Html, html } from "./_html.ts";
import { details, table } from "./_parts.ts";
import type { SmoothnessEvidence } from "./items.ts";
import type { Arm } from "./panels.ts";

/** Groups with SEvo in a chart: further ones are in its table, and where they differ by a number, in a chart of their own. */
const MOST = 3;

/**
 * How smooth the item embeddings are over the graph, with SEvo and without.
 *
 * @param evidence What was measured, by panel.
 * @param missing Why it was not measured of other panels, in sentences.
 * @returns The HTML.
 */
export function smoothnessSection(evidence: readonly SmoothnessEvidence[], missing: readonly string[]): Html {
  const notes = missing.map((why) => html`<p class="note">${why}</p>`);
  if (evidence.length === 0) {
    return missing.length > 0 ? html`${notes}` : html`<p>No model was trained, so there are no embeddings.</p>`;
  }
  return html`<p>Items that follow each other in a user’s history are the edges of a graph. For item embeddings
<var>E</var>, the paper’s <var>J</var>(<var>E</var>) is the sum, over the edges, of the weight times the squared
difference of the two rows, each divided by the square root of its degree. It grows with the length of the rows, so the
chart shows <var>J</var> divided by the sum of their squared lengths: near 0, neighbours have nearly the same row; near 1,
they know nothing of each other.</p>${evidence.map(ofPanel)}${notes}`;
}

function ofPanel({ panel: { sevo, plain, model, dataset }, byRun, edges }: SmoothnessEvidence): Html {
  const measured = [...sevo.slice(0, 1), ...plain, ...sevo.slice(1)].map((arm) => ({ arm, found: ofArm(arm, byRun) }))
    .filter(({ found }) => found.length > 0);
  const drawn = measured.filter(({ arm }) => sevo.length <= MOST || arm.role === "plain" || arm === sevo[0]);
  const rows = drawn.map(({ arm: { label, role }, found }): DotRow => ({
    label,
    role,
    values: found.map(({ share }) => share),
  }));
  if (rows.length === 0) return html``;
  return html`<figure><h3>${model} on ${dataset}</h3>${
    dotPlot(rows, { axis: "J(E) / |E|²", zero: false, figure: (value) => value.toFixed(3) })
  }<figcaption>A circle is a run, the bar their mean. Lower is smoother. ${
    counted(edges, "edge")
  } between different items.${
    rows.length < measured.length ? ` ${rows.length} of ${measured.length} groups are drawn.` : ""
  }</figcaption>${
    details(
      "The chart in figures",
      table(
        ["Group", "Runs", "J(E) / |E|²", "J(E)"],
        measured.map(({ arm, found }) => [
          arm.label,
          found.length,
          summaryOf(found.map(({ share }) => share)).mean.toFixed(4),
          plainFigure(summaryOf(found.map(({ energy }) => energy)).mean),
        ]),
        "Smoothness of item embeddings",
      ),
    )
  }</figure>`;
}

function ofArm({ rows }: Arm, byRun: SmoothnessEvidence["byRun"]) {
  return rows.flatMap((row) => byRun.get(row) ?? []);
}
