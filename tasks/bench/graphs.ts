import { readDataset } from "../../src/files/read_dataset.ts";
import { Graph } from "../../src/graph/graph.ts";
import { below, Philox, Stream, unit } from "../../src/philox.ts";

/** Items of a community of {@linkcode realisticGraph}. */
const COMMUNITY = 500;

/** Part of the edges that stay within a community. */
const WITHIN = 0.8;

/** An item of popularity rank r is as likely as (r + OFFSET)^-EXPONENT: about as steep as Amazon's logs. */
const EXPONENT = 0.75, OFFSET = 10;

/**
 * The item graph of a prepared dataset. Row 0 is padding, as in the sequence models' tables.
 *
 * @param path The dataset's folder.
 * @returns The graph.
 */
export async function datasetGraph(path: string): Promise<Graph> {
  const { itemCount, train } = await readDataset(path);
  return Graph.fromSequences(train, { rows: itemCount + 1, offset: 1 });
}

/**
 * A uniformly random graph, which has no order that any cache could profit by.
 *
 * @param rows Rows.
 * @param entries Entries, about: self-loops and repeated edges are few.
 * @returns The graph.
 */
export function randomGraph(rows: number, entries: number): Graph {
  const philox = new Philox(1, Stream.dataset);
  const edges = Math.round(entries / 2);
  const sources = new Uint32Array(edges), targets = new Uint32Array(edges);
  for (let at = 0; at < edges; at++) {
    const words = philox.draw(at, rows);
    sources[at] = below(words[0]!, rows);
    targets[at] = below(words[1]!, rows);
  }
  return Graph.fromEdges({ rows, sources, targets });
}

/**
 * A graph as logs make them: a few items have many neighbours, and most edges stay within a community. Rows come in no
 * order, as items do in a log.
 *
 * @param rows Rows.
 * @param entries Entries, about: edges that repeat are merged.
 * @returns The graph.
 */
export function realisticGraph(rows: number, entries: number): Graph {
  const philox = new Philox(2, Stream.dataset);
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  for (let at = rows - 1; at > 0; at--) {
    const other = below(philox.draw(at, 0)[0]!, at + 1);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  // Item i of popularity rank i belongs to community i mod communities, so that each has popular items and others.
  const communities = Math.max(1, Math.round(rows / COMMUNITY));
  const edges = Math.round(entries / 2);
  const sources = new Uint32Array(edges), targets = new Uint32Array(edges);
  for (let at = 0; at < edges; at++) {
    const words = philox.draw(at, rows);
    const source = popular(unit(words[0]!), rows);
    let target = popular(unit(words[1]!), rows);
    if (unit(words[2]!) < WITHIN) {
      const community = source % communities;
      const members = Math.ceil((rows - community) / communities);
      target = community + communities * popular(unit(words[1]!), members);
    }
    sources[at] = order[source]!;
    targets[at] = order[target]!;
  }
  return Graph.fromEdges({ rows, sources, targets });
}

/** A rank in [0, count), by the inverse of the power law's distribution. */
function popular(part: number, count: number): number {
  const power = 1 - EXPONENT;
  const least = OFFSET ** power, most = (count + OFFSET) ** power;
  return Math.min(count - 1, Math.floor((least + part * (most - least)) ** (1 / power) - OFFSET));
}
