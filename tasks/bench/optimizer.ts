import type { Device } from "../../src/device/device.ts";
import { readDataset } from "../../src/files/read_dataset.ts";
import { Graph } from "../../src/graph/graph.ts";
import { below, Philox, Stream } from "../../src/philox.ts";
import { copyBandwidth, propagationBytes, stepBytes, timePropagation, timeStep } from "./cases.ts";
import { TorchPeer } from "./torch_peer.ts";
import { median } from "../cli/median.ts";
import { Table } from "../cli/table.ts";

const COLUMNS = 64;
const LAYERS = 3;
const ENTRIES_PER_ROW = 20;

/** Rows and entries of the item graph of Amazon Beauty, a padding row included. */
const BEAUTY = { rows: 12102, entries: 218852 };

/** Of the samples taken while a case holds all of its memory: Deno does not tell the peak. */
let largestResident = 0;

/** What is timed, and against what. */
export interface OptimizerBench {
  /** Prepared dataset to take the item graph from; a random graph of the size of Amazon Beauty's without it. */
  readonly data: string | undefined;
  /** Rows of the largest random graph. */
  readonly maxRows: number;
  /** Rounds; medians are printed. */
  readonly rounds: number;
  /** Whether PyTorch is timed in turn. */
  readonly versusTorch: boolean;
  /** Where sevo_torch.py lies. */
  readonly reference: string;
  /** Python with PyTorch. */
  readonly python: string;
  /** Threads, of PyTorch too. */
  readonly threads: number | undefined;
}

/**
 * Times propagation, a SEvo-AdamW step and a plain AdamW step over tables of 64 columns, and prints a table.
 *
 * @param device The device.
 * @param options What is timed.
 */
export async function benchOptimizer(device: Device, options: OptimizerBench): Promise<void> {
  const { data, maxRows, rounds, versusTorch, reference, python, threads } = options;
  const copy = await copyBandwidth(device);
  console.log(`${device.description}\ncopy ${(copy / 1e9).toFixed(1)} GB/s read and written\n`);

  const table = new Table([
    "graph:12",
    "rows:-9",
    "entries:-10",
    ":16",
    "ms:-8",
    "ns/row:-7",
    "GB/s:-6",
    "of copy:-8",
    ...versusTorch ? ["torch ms:-9", "times faster:-12"] : [],
  ]);
  {
    using graph = data === undefined ? randomGraph(BEAUTY.rows, BEAUTY.entries) : await datasetGraph(data);
    await using torch = versusTorch
      ? await TorchPeer.start(graph, { columns: COLUMNS, layers: LAYERS, reference, python, threads })
      : null;
    const name = data === undefined ? "like Beauty" : data;
    await measure(device, graph, name, rounds, copy, table, torch);
  }
  for (let rows = 10000; rows <= maxRows; rows *= 10) {
    using graph = randomGraph(rows, rows * ENTRIES_PER_ROW);
    try {
      await measure(device, graph, "random", rows >= 1e6 ? Math.min(rounds, 3) : rounds, copy, table, null);
    } catch (error) {
      // What a device cannot hold ends its table, not the task.
      if (!(error instanceof RangeError)) throw error;
      console.log(`random  ${rows.toLocaleString("en")} rows: ${error.message}`);
      break;
    }
  }
  console.log(`\nlargest resident size of the process ${(largestResident / 1e9).toFixed(2)} GB`);
}

/** Three rows of the table: propagation, SEvo-AdamW step, AdamW step. With a peer, ours and theirs in turn. */
async function measure(
  device: Device,
  graph: Graph,
  name: string,
  rounds: number,
  copy: number,
  table: Table,
  torch: TorchPeer | null,
): Promise<void> {
  const cases = [
    {
      label: "propagation",
      peer: "propagation",
      bytes: propagationBytes(graph, COLUMNS, LAYERS),
      time: timePropagation,
    },
    { label: "SEvo-AdamW step", peer: "sevo-adamw", bytes: stepBytes(graph, COLUMNS, LAYERS), time: timeStep },
    { label: "AdamW step", peer: "adamw", bytes: stepBytes(graph, COLUMNS, null), time: timeStep },
  ] as const;
  for (const { label, peer, bytes, time } of cases) {
    using timed = time(device, graph, COLUMNS, peer === "adamw" ? null : LAYERS);
    const ours: number[] = [], theirs: number[] = [], ratios: number[] = [];
    await timed.run();
    largestResident = Math.max(largestResident, Deno.memoryUsage().rss);
    for (let round = 0; round < rounds; round++) {
      ours.push(await timed.run());
      if (!torch) continue;
      theirs.push(await torch.time(peer));
      ratios.push(theirs.at(-1)! / ours.at(-1)!);
    }
    const ms = median(ours);
    table.add([
      name,
      graph.rows.toLocaleString("en"),
      graph.entries.toLocaleString("en"),
      label,
      ms.toFixed(ms < 10 ? 2 : 1),
      (ms * 1e6 / graph.rows).toFixed(0),
      (bytes / ms / 1e6).toFixed(1),
      `${(100 * bytes / ms * 1e3 / copy).toFixed(0)} %`,
      ...torch ? [median(theirs).toFixed(1), median(ratios).toFixed(1)] : [],
    ]);
  }
}

async function datasetGraph(path: string): Promise<Graph> {
  const { itemCount, train } = await readDataset(path);
  // Row 0 is padding, as in the sequence models' tables.
  return Graph.fromSequences(train, { rows: itemCount + 1, offset: 1 });
}

/** A random graph of about so many entries: self-loops and repeated edges are few. */
function randomGraph(rows: number, entries: number): Graph {
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
