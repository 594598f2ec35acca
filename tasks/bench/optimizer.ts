import type { Device } from "../../src/device/device.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { copyBandwidth, propagationBytes, stepBytes, timePropagation, timeStep } from "./cases.ts";
import { datasetGraph, randomGraph, realisticGraph } from "./graphs.ts";
import { TorchPeer } from "./torch_peer.ts";
import { median } from "../cli/median.ts";
import { Table } from "../cli/table.ts";

const COLUMNS = 64;
const LAYERS = 3;
const ENTRIES_PER_ROW = 20;

/** Rows of the graphs that are made up: the first is as large as Amazon Beauty's. */
const SIZES = [12_000, 100_000, 300_000, 1_000_000];

/** Of the samples taken while a case holds all of its memory: Deno does not tell the peak. */
let largestResident = 0;

/** What is timed, and against what. */
export interface OptimizerBench {
  /** Prepared dataset whose item graph is timed too. */
  readonly data: string | undefined;
  /** Rows of the largest graph that is made up. */
  readonly maxRows: number;
  /** Rounds; medians are printed. */
  readonly rounds: number;
  /** Whether PyTorch is timed in turn. */
  readonly versusTorch: boolean;
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
  const { data, maxRows, rounds, versusTorch, python, threads } = options;
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
  const graphs: [name: string, make: () => Graph | Promise<Graph>][] = [];
  if (data !== undefined) graphs.push([data, () => datasetGraph(data)]);
  for (const rows of SIZES.filter((rows) => rows <= maxRows)) {
    graphs.push(["uniform", () => randomGraph(rows, rows * ENTRIES_PER_ROW)]);
    graphs.push(["realistic", () => realisticGraph(rows, rows * ENTRIES_PER_ROW)]);
  }
  for (const [name, make] of graphs) {
    using graph = await make();
    try {
      await using torch = versusTorch
        ? await TorchPeer.start(graph, { columns: COLUMNS, layers: LAYERS, python, threads })
        : null;
      await measure(device, graph, name, rounds, copy, table, torch);
    } catch (error) {
      // What a device cannot hold ends its table, not the task.
      if (!(error instanceof RangeError)) throw error;
      console.log(`${name}  ${graph.rows.toLocaleString("en")} rows: ${error.message}`);
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
