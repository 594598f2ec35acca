import { type Html, html } from "./_html.ts";

/** A line or a dot of a chart, and what it stands for. */
export interface LegendEntry {
  /** What it stands for. */
  readonly label: string;
  /** Class that gives the sign its colour. */
  readonly className: string;
  /** How the sign looks. */
  readonly sign: "line" | "dashes" | "short" | "dots" | "disc";
}

/**
 * A legend.
 *
 * @param entries Its entries.
 * @returns The HTML.
 */
export function legend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">${
    entries.map(({ label, className, sign }) => html`<li><i class="${sign} ${className}"></i>${label}</li>`)
  }</ul>`;
}

/**
 * A table that can be scrolled sideways by itself, so that the page need not be.
 *
 * @param head Its column heads; the first column names the rows.
 * @param rows Its cells.
 * @param label What it is, for those who do not see it.
 * @returns The HTML.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | Html | number)[])[],
  label: string,
): Html {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${label}">
      <table>
        <thead>
          <tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr>
        </thead>
        <tbody>${rows.map(([name, ...cells]) =>
          html`
            <tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
          `
        )}</tbody>
      </table>
    </div>
  `;
}

/**
 * Something that is shown when it is asked for.
 *
 * @param summary What it is.
 * @param content The content.
 * @returns The HTML.
 */
export function details(summary: string, content: Html): Html {
  return html`<details><summary>${summary}</summary>${content}</details>`;
}
