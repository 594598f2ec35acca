import { UMAP } from "npm:umap-js@1.4.0";
import { Philox, unit } from "../philox.ts";

/** Neighbours that keep an item in its place: UMAP's own default. */
const NEIGHBOURS = 15;

/** Fewer items than this make no map. */
export const LEAST_ITEMS = 30;

/**
 * Lays rows out in two dimensions by UMAP, so that rows of a small angle are near each other. The same rows give the same
 * map.
 *
 * @param vectors The rows, row-major.
 * @param width Numbers of a row.
 * @returns Places in [0, 1], x and y by turns.
 */
export function layoutOf(vectors: Float32Array, width: number): Float64Array {
  const rows: number[][] = [];
  for (let begin = 0; begin < vectors.length; begin += width) {
    const row = Array.from(vectors.subarray(begin, begin + width)), norm = Math.hypot(...row) || 1;
    rows.push(row.map((value) => value / norm));
  }
  const philox = new Philox(1, 0);
  let draws = 0;
  const random = () => unit(philox.draw(draws++)[0]!);
  const places = new UMAP({ nComponents: 2, nNeighbors: NEIGHBOURS, minDist: 0.1, random }).fit(rows);
  const placed = new Float64Array(2 * places.length);
  for (const axis of [0, 1]) {
    const values = places.map((place) => place[axis]!), least = Math.min(...values), most = Math.max(...values);
    values.forEach((value, at) => placed[2 * at + axis] = most === least ? 0.5 : (value - least) / (most - least));
  }
  return placed;
}
