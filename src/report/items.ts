import type { ResultRow } from "../experiments/results.ts";
import type { Dataset } from "../data/dataset.ts";
import { titlesOf } from "../recommend/titles.ts";
import type { Panel } from "./panels.ts";
import type { Smoothness } from "../graph/smoothness.ts";

/** An item as the page shows it. */
export interface Item {
  /** Its row in the dataset. */
  readonly row: number;
  /** Its title, or its id where it has none. */
  readonly title: string;
  /** Its first category; null where none is known. */
  readonly category: string | null;
  /** Its training interactions. */
  readonly count: number;
}

/** The items of a dataset, the most popular first. */
export interface Catalogue {
  /** The items. */
  readonly items: readonly Item[];
  /** Whether items have titles. */
  readonly hasTitles: boolean;
  /** Name of the column of the categories; null where there is none. */
  readonly categoryColumn: string | null;
}

/** What a trained model makes of the items. */
export interface ItemView {
  /** What it is called: its rule. */
  readonly label: string;
  /** The run. */
  readonly row: ResultRow;
  /** The rows of the most popular items, one after the other, in the order of the catalogue. */
  readonly vectors: Float32Array;
  /** Numbers of a row. */
  readonly width: number;
  /** For each of these items the rows of those that are most like it, the nearest first. */
  readonly nearest: readonly (readonly number[])[];
}

/** Models of a panel side by side, of the same seed. */
export interface ItemEvidence {
  /** The panel. */
  readonly panel: Panel;
  /** The items. */
  readonly catalogue: Catalogue;
  /** What the models make of them: plain, then with SEvo; or one alone. */
  readonly views: readonly ItemView[];
}

/** How smooth the embeddings of a panel are. */
export interface SmoothnessEvidence {
  /** The panel. */
  readonly panel: Panel;
  /** How smooth those of each run are. */
  readonly byRun: ReadonlyMap<ResultRow, Smoothness>;
  /** Edges between different items that it is measured over. */
  readonly edges: number;
}

/** Items that are drawn at most. */
export const MOST_ITEMS = 1500;

/** Items that are listed as like another. */
export const NEAREST = 5;

/** Names of columns that sort items, as logs have them. */
const CATEGORIES = ["category", "categories", "genre", "genres", "class", "type", "group"];

/**
 * The items of a dataset by popularity: training interactions, equals in the order of the dataset.
 *
 * @param dataset The dataset.
 * @returns The items.
 */
export function catalogueOf({ items, itemCount, train, itemColumns }: Dataset): Catalogue {
  const counts = new Uint32Array(itemCount);
  for (const item of train.items) counts[item]!++;
  const titles = titlesOf(itemColumns);
  const names = Object.keys(itemColumns);
  const categoryColumn = CATEGORIES.map((wanted) => names.find((name) => name.toLowerCase() === wanted))
    .find((name) => name !== undefined) ?? null;
  const categories = categoryColumn === null ? null : itemColumns[categoryColumn]!;
  const rows = Array.from({ length: itemCount }, (_, row) => row).sort((a, b) => counts[b]! - counts[a]! || a - b);
  return {
    items: rows.map((row) => ({
      row,
      title: titles?.[row] ?? items[row]!,
      category: firstOf(categories?.[row] ?? null),
      count: counts[row]!,
    })),
    hasTitles: titles !== null,
    categoryColumn,
  };
}

/** Of several categories, as `Action|Comedy`, the first. */
function firstOf(categories: string | null): string | null {
  const first = (categories ?? "").split(/[|;]/)[0]!.trim();
  return first === "" ? null : first;
}
