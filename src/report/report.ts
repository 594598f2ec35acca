import type { Results } from "../experiments/results.ts";
import { againstSection } from "./against.ts";
import { answerOf, answerSection } from "./answer.ts";
import { cutoffsOf } from "../recommend/metric_name.ts";
import { curvesSection } from "./curves.ts";
import { counted, metricTitle } from "./_figures.ts";
import { groupsSection, testsSection } from "./groups_table.ts";
import { type Html, html } from "./_html.ts";
import type { ItemEvidence, SmoothnessEvidence } from "./items.ts";
import { mapSection } from "./map.ts";
import { neighboursSection } from "./neighbours.ts";
import { overviewSection } from "./overview.ts";
import { pageOf } from "./_page.ts";
import type { Panel } from "./panels.ts";
import { daysOf, footerSection, protocolSection } from "./protocol.ts";
import { settingsSection } from "./settings.ts";
import { smoothnessSection } from "./smoothness_section.ts";

/** What a page is made of. */
export interface ReportInput {
  /** What the runs came to. */
  readonly results: Results;
  /** The same by model and dataset, as `panelsOf` gives them. */
  readonly panels: readonly Panel[];
  /** The metric that the page speaks of. */
  readonly metric: string;
  /** Title of the page; null to make one. */
  readonly title: string | null;
  /** Settings to draw the metric against; none for all that have three values or more. */
  readonly settings: readonly string[];
  /** What models make of items; or why that is not known, in a sentence. */
  readonly items: ItemEvidence | string;
  /** How smooth the embeddings are, by panel. */
  readonly smoothness: readonly SmoothnessEvidence[];
  /** Why that is not known of other panels, in sentences. */
  readonly missing: readonly string[];
  /** Version of the program that makes the page. */
  readonly version: string;
  /** The command that makes it. */
  readonly command: string;
}

/**
 * A page of runs: one file of HTML that fetches nothing. Equal input gives equal bytes.
 *
 * @param input What it is made of.
 * @returns The HTML.
 * @throws {RangeError} If no run has finished, or none has the metric.
 */
export async function reportPage(input: ReportInput): Promise<string> {
  const { results, panels, metric, settings, items, smoothness, missing } = input;
  if (panels.length === 0) {
    throw new RangeError(
      results.metrics.length === 0
        ? "Cannot make a report as no run has finished"
        : `Cannot make a report as no run has the metric '${metric}': they were measured at ${
          cutoffsOf(Object.fromEntries(results.metrics.map((name) => [name, 0]))).join(", ")
        }`,
    );
  }
  const datasets = [...new Set(panels.map(({ dataset }) => dataset))];
  const models = [...new Set(panels.map(({ model }) => model).filter(Boolean))];
  const title = input.title ?? `${models.join(", ") || "Baselines"} on ${datasets.join(", ")}`;
  const ofItems = (section: (evidence: ItemEvidence) => Html) =>
    typeof items === "string" ? html`<p>${items}</p>` : section(items);
  const sections: [title: string, id: string, content: Html][] = [
    ["Learning curves", "curves", curvesSection(panels, metric)],
    ["Results", "results", groupsSection(panels, results, metric)],
    ["Paired tests", "tests", testsSection(panels, metric)],
    ["Metric against one setting", "against", againstSection(panels, metric, { settings, smoothness })],
    ["Smoothness of the item embeddings", "smoothness", smoothnessSection(smoothness, missing)],
    ["Map of the items", "map", ofItems(mapSection)],
    ["Nearest items", "nearest", ofItems(neighboursSection)],
    ["Settings that differ", "settings", settingsSection(results)],
    ["How it was measured", "protocol", protocolSection(results)],
  ];
  return await pageOf(
    title,
    html`
      <header>
        <h1>${title}</h1>
        <p class="about">${[
          `${counted(results.rows.length, "run")} in ${counted(results.groups.length, "group")}`,
          `test ${metricTitle(metric)}`,
          daysOf(results),
        ].join(" · ")}</p>
      </header>
      <main>
      ${answerSection(answerOf(panels, metric))}
      ${overviewSection(panels, metric)}
      ${sections.map(([title, id, content]) =>
        html`
          <section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
          ${content}
          </section>
        `
      )}</main>
      ${footerSection(input)}
    `,
  );
}
