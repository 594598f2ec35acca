import * as Plot from "npm:@observablehq/plot@0.6.17";
import { parseHTML } from "npm:linkedom@0.18.12";
import { escaped, Html } from "./_html.ts";

export { Plot };

/** What a chart is besides its marks and scales. */
export interface ChartOptions extends Plot.PlotOptions {
  /** What it shows, for those who do not see it. */
  readonly alt: string;
  /** Its width in its own units; it is as wide as its place. */
  readonly width: number;
  /** Its height. */
  readonly height: number;
  /** Class of the chart. */
  readonly className?: string;
}

/** Numbers in a chart have more digits than a screen has points. */
const DIGITS = /-?\d+\.\d{2,}(?:e-?\d+)?/g;

/**
 * Draws a chart that needs no script: SVG whose colours are variables of the page's style.
 *
 * @param options Marks, scales, and what it shows.
 * @returns The SVG.
 */
export function chart({ alt, className = "chart", ...options }: ChartOptions): Html {
  // No type of a browser's document is in reach of this program
  const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as { document: never };
  const drawn: { readonly outerHTML: string } = Plot.plot({ color: { type: "identity" }, ...options, document });
  const svg = drawn.outerHTML
    // Style belongs to the page, which allows no other by its policy
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^>]*>/g, (tag) => tag.replace(/ style="[^"]*"/, "").replace(DIGITS, (number) => `${round(number)}`))
    .replace(
      /<svg [^>]*>/,
      () =>
        `<svg xmlns="http://www.w3.org/2000/svg" class="${className}" role="img" aria-label="${escaped(alt)}" ` +
        `viewBox="0 0 ${options.width} ${options.height}" text-anchor="middle">`,
    );
  return new Html(svg);
}

function round(number: string): number {
  // Plus zero: there is a minus zero
  return Math.round(Number(number) * 10) / 10 + 0;
}
