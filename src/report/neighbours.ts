import { type Html, html } from "./_html.ts";
import { table } from "./_parts.ts";
import { type ItemEvidence, type ItemView, NEAREST } from "./items.ts";

/** Well-known items. */
const KNOWN = 8;

/**
 * The items most like a few well-known ones, rule beside rule.
 *
 * @param evidence What the models make of the items.
 * @returns The HTML.
 */
export function neighboursSection({ catalogue, views, panel }: ItemEvidence): Html {
  const { items, hasTitles, categoryColumn } = catalogue;
  if (!hasTitles && categoryColumn === null) {
    return html`<p>The items of ${panel.dataset} have neither titles nor categories, so a list of them would say nothing.
<code>deno task prepare --items FILE</code> adds them.</p>`;
  }
  const byRow = new Map(items.map((item) => [item.row, item]));
  const named = (row: number) => {
    const { title, category } = byRow.get(row)!;
    return html`<li>${title}${
      !hasTitles && category !== null && html`
        <small>${category}</small>
      `
    }</li>`;
  };
  const rows = items.slice(0, Math.min(KNOWN, views[0]!.nearest.length)).map((item, at) => [
    html`${item.title}${
      !hasTitles && item.category !== null && html`
        <small>${item.category}</small>
      `
    }`,
    ...views.map(({ nearest }) => html`<ol>${nearest[at]!.slice(0, NEAREST).map(named)}</ol>`),
  ]);
  const shares = views.map((view) => ({ view, share: shareAlike(view, items.map(({ category }) => category), byRow) }));
  return html`
    ${categoryColumn !== null &&
      html`<p>Over the ${
        views[0]!.nearest.length.toLocaleString("en-US")
      } most popular items, so many of the ${NEAREST} nearest are of the same ${categoryColumn} (the first of each item): ${
        shares.map(({ view, share }, at) =>
          html`${at > 0 && ", "}<b>${(100 * share).toFixed(0)} %</b> by ${view.label}`
        )
      }.</p>`}${table(["Item", ...views.map(({ label }) => label)], rows, "Nearest items by rule")}
    <p
      class="caption">${panel.model} on ${panel.dataset}, seed ${String(
        views[0]!.row.settings["seed"] ?? "–",
      )}. The items with the most training interactions, and those whose embeddings are nearest by the model’s own measure.</p>
  `;
}

/** Of the nearest of items with a category, the share that are of the same. */
function shareAlike(
  { nearest }: ItemView,
  categories: readonly (string | null)[],
  byRow: ReadonlyMap<number, { readonly category: string | null }>,
): number {
  let alike = 0, all = 0;
  nearest.forEach((rows, at) => {
    if (categories[at] === null) return;
    for (const row of rows.slice(0, NEAREST)) {
      all++;
      if (byRow.get(row)!.category === categories[at]) alike++;
    }
  });
  return all === 0 ? 0 : alike / all;
}
