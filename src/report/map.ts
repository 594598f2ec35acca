import { counted } from "./_figures.ts";
import { type Html, html, trusted } from "./_html.ts";
import { layoutOf, LEAST_ITEMS } from "./_layout.ts";
import { details } from "./_parts.ts";
import type { Catalogue, Item, ItemEvidence, ItemView } from "./items.ts";

/** Categories with a colour of their own: the eye tells no more apart. */
const COLOURED = 7;

/** Steps of popularity. */
const STEPS = 5;

/** Side of a map, in its own units, and of the room around it. */
const SIDE = 600, ROOM = 14;

/** How items are coloured: a class of the page's style for each, and what the classes stand for. */
interface Colouring {
  readonly of: (item: Item) => number;
  readonly names: readonly string[];
  readonly prefix: "k" | "q";
  readonly words: string;
}

/**
 * Maps of the item embeddings in two dimensions, rule beside rule.
 *
 * @param evidence What the models make of the items.
 * @returns The HTML.
 */
export function mapSection({ catalogue, views, panel }: ItemEvidence): Html {
  const count = views[0]!.nearest.length, items = catalogue.items.slice(0, count);
  if (count < LEAST_ITEMS) {
    return html`<p>${panel.dataset} has ${counted(count, "item")}: fewer than ${LEAST_ITEMS} make no map.</p>`;
  }
  const { names, prefix, words, of } = colouringOf(catalogue, items);
  return html`
    <div class="maps"
      id="maps"><p>The ${count < catalogue.items.length
        ? `${count.toLocaleString("en-US")} most popular items`
        : counted(
          count,
          "item",
        )}, placed by UMAP so that items of similar embeddings are near each other, ${words}. Only who is near whom means
    something: the axes have no unit, and left, right, up and down say nothing.</p>
    <div class="controls" hidden><label>Find an item <input type="search" autocomplete="off"></label> <output aria-live="polite"></output></div>
    <ul class="legend">${names.map((name, at) =>
      html`<li><button type="button" aria-pressed="false" data-only="${at}"><i class="disc ${prefix}${at}"></i>${name}</button></li>`
    )}</ul>
    <div class="pair">${views.map(map)}</div>
    <p class="caption">${panel.model} on ${panel.dataset}, seed ${String(
      views[0]!.row.settings["seed"] ?? "–",
    )}. UMAP of the rows by their angle, 15 neighbours, always the same draws.</p>
    ${details(
      `The ${count.toLocaleString("en-US")} items of the map, the most popular first`,
      html`<ol class="items" id="items">${
        items.map((item) =>
          html`
            <li><b>${item.title}</b> ${[item.category, counted(item.count, "interaction")].filter((part) =>
              part !== null
            ).join(", ")}</li>
          `
        )
      }</ol>`,
    )}</div>
  `;

  function map({ label, vectors, width }: ItemView): Html {
    const places = layoutOf(vectors, width), at = (share: number) => Math.round(ROOM + share * (SIDE - 2 * ROOM));
    const dots = items.map((item, index) =>
      `<circle cx="${at(places[2 * index]!)}" cy="${at(places[2 * index + 1]!)}" r="4" class="${prefix}${of(item)}"/>`
    ).join("");
    const alt = `Map of ${items.length} items of ${panel.dataset} by ${label}, ${words}. The list below has the items.`;
    return html`
      <figure>
        <h3>${label}</h3>
        <div class="map" tabindex="0" role="group" aria-label="${`Items by ${label}: arrow keys go from item to item, the most popular first`}">
          <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIDE} ${SIDE}" role="img"
            aria-label="${alt}">${trusted(dots)}<circle class="ring" r="9" cx="-99" cy="-99"/></svg>
          <div class="tip" hidden></div>
        </div>
      </figure>
    `;
  }
}

function colouringOf({ categoryColumn }: Catalogue, items: readonly Item[]): Colouring {
  const counts = new Map<string, number>();
  for (const { category } of items) if (category !== null) counts.set(category, (counts.get(category) ?? 0) + 1);
  if (categoryColumn === null || counts.size < 2) return byPopularity(items);
  const common = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, COLOURED).map(([name]) =>
    name
  );
  const places = new Map(common.map((name, at) => [name, at]));
  const hasOthers = items.some(({ category }) => category === null || !places.has(category));
  return {
    of: ({ category }) => (category === null ? undefined : places.get(category)) ?? COLOURED,
    names: [
      ...common,
      ...hasOthers ? [counts.size > common.length ? `other (${counts.size - common.length} more)` : "none known"] : [],
    ],
    prefix: "k",
    words: `coloured by ${categoryColumn} (the first of each item)`,
  };
}

function byPopularity(items: readonly Item[]): Colouring {
  // Equal numbers of items in each step: popularity has a long tail
  const marks = Array.from({ length: STEPS }, (_, step) => items[Math.floor((step * items.length) / STEPS)]!.count);
  const last = items.at(-1)!.count;
  const steps = marks.map((most, step) => ({ most, least: step + 1 < STEPS ? marks[step + 1]! + 1 : last }))
    .filter(({ most, least }) => most >= least);
  return {
    of: ({ count }) => steps.findIndex(({ least }) => count >= least),
    names: steps.map(({ most, least }) => least === most ? `${most}` : `${least} to ${most}`),
    prefix: "q",
    words: "coloured by the number of their training interactions",
  };
}
