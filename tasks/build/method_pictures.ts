/**
 * The pictures of docs/method.md: each is drawn from what this package computes.
 *
 * @module
 */
import { generatedDataset } from "../../src/data/generated.ts";
import type { Device } from "../../src/device/device.ts";
import { Graph } from "../../src/graph/graph.ts";
import { mfBpr } from "../../src/models/mf_bpr/mf_bpr.ts";
import { bandOf } from "../../src/report/_band.ts";
import { chart, type ChartOptions, Plot } from "../../src/report/_plot.ts";
import { propagate, type Propagation } from "../../src/sevo/mod.ts";
import { train } from "../../src/training/train.ts";

/** Colours that are told apart on white and on black, by those too who do not see red or green. */
const COLOURS = ["#2f7ed8", "#d9730d", "#8250df"] as const;
const GREY = "#7d8590";

const LAYERS = 3;
const BETAS = [0.5, 0.9, 0.99] as const;
const WIDTH = 720;

/** Rows of the path, and the row that has an update of its own. */
const PATH_ROWS = 15, MIDDLE = 7;

/** A standalone picture: no page gives it a style. */
function picture(options: ChartOptions): string {
  const style = `<style>svg{fill:${GREY};color:${GREY};font:12px system-ui,sans-serif}</style>`;
  return chart(options).text.replace(/<svg [^>]*>/, (tag) => tag + style) + "\n";
}

/** A legend in the upper margin, of a facet if there are some: the plots' own would be beside the SVG. */
function legend(names: readonly string[], facet?: string) {
  return names.map((name, at) =>
    Plot.text([name], {
      text: [name],
      frameAnchor: "top-left",
      textAnchor: "start",
      dx: 110 * at,
      dy: -38,
      fill: COLOURS[at as 0],
      ...facet !== undefined && { fx: () => facet },
    })
  );
}

/** What a row's own update becomes on a path of rows: by each mode and weight. */
async function spread(device: Device): Promise<string> {
  const path = Array.from({ length: PATH_ROWS - 1 }, (_, at) => at);
  const graph = Graph.fromEdges({ rows: PATH_ROWS, sources: path, targets: path.map((row) => row + 1) });
  const update = new Float32Array(PATH_ROWS);
  update[MIDDLE] = 1;
  const bars: { mode: string; beta: string; row: number; value: number }[] = [];
  for (const mode of ["neumann", "iterative", "exact"] as const) {
    for (const beta of BETAS) {
      const values = await propagate(device, graph, update, { mode, beta, layers: LAYERS });
      values.forEach((value, at) => bars.push({ mode, beta: `b = ${beta}`, row: at - MIDDLE, value }));
    }
  }
  return picture({
    alt: "What an update of 1 in the middle of a path of rows becomes",
    width: WIDTH,
    height: 420,
    marginLeft: 70,
    marginRight: 70,
    marginBottom: 44,
    x: { label: "rows from the one that has the update", ticks: [-6, -3, 0, 3, 6], tickSize: 0 },
    y: { label: null, ticks: 3, tickSize: 0, grid: true },
    fx: { label: null, domain: BETAS.map((beta) => `b = ${beta}`) },
    fy: { label: null, domain: ["neumann", "iterative", "exact"] },
    marks: [
      Plot.rectY(bars, {
        x1: ({ row }) => row - 0.4,
        x2: ({ row }) => row + 0.4,
        y: "value",
        fx: "beta",
        fy: "mode",
        fill: ({ row }) => row === 0 ? COLOURS[1] : COLOURS[0],
      }),
      Plot.ruleY([0], { stroke: GREY }),
    ],
  });
}

/**
 * What is left of an eigenvector of the graph, psi(v) / v.
 *
 * @param propagation Mode and weights.
 * @param eigenvalue The eigenvalue of v.
 * @returns The factor.
 */
export function response({ mode, beta, layers = LAYERS }: Propagation, eigenvalue: number): number {
  const x = beta * eigenvalue;
  if (mode === "exact") return (1 - beta) / (1 - x);
  const powers = Array.from({ length: layers + 1 }, (_, at) => x ** at);
  const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);
  return mode === "neumann"
    ? (1 - beta) / (1 - beta ** (layers + 1)) * sum(powers)
    : (1 - beta) * sum(powers.slice(0, layers)) + powers[layers]!;
}

/** What each mode does to smooth and to rough changes. */
function spectrum(): string {
  const points = (["neumann", "iterative", "exact"] as const).flatMap((mode) =>
    BETAS.flatMap((beta, at) =>
      Array.from({ length: 81 }, (_, step) => {
        const eigenvalue = -1 + step / 40;
        return { mode, beta, at, eigenvalue, value: response({ mode, beta }, eigenvalue) };
      })
    )
  );
  return picture({
    alt: "How much of an eigenvector of the graph is left, by its eigenvalue",
    width: WIDTH,
    height: 300,
    marginTop: 60,
    marginBottom: 44,
    marginLeft: 50,
    x: {
      label: "eigenvalue of A: rough changes left, smooth ones right",
      ticks: [-1, 0, 1],
      tickSize: 0,
      insetLeft: 8,
      insetRight: 8,
    },
    y: { label: null, ticks: 5, tickSize: 0, grid: true },
    fx: { label: null, domain: ["neumann", "iterative", "exact"] },
    marks: [
      Plot.ruleY([0], { stroke: GREY }),
      Plot.line(points, {
        x: "eigenvalue",
        y: "value",
        z: "at",
        fx: "mode",
        stroke: ({ at }) => COLOURS[at as 0],
        strokeWidth: 2,
      }),
      ...legend(BETAS.map((beta) => `b = ${beta}`), "neumann"),
    ],
  });
}

/** Validation over epochs of SEvo-AdamW and AdamW, on the generated dataset. */
async function curves(device: Device, seeds: readonly number[]): Promise<string> {
  const dataset = generatedDataset({ seed: 1 });
  const lines: { name: string; at: number; x: number; y: number; low: number; high: number }[] = [];
  for (const [at, optimizer] of (["sevo-adamw", "adamw"] as const).entries()) {
    const runs = [];
    for (const seed of seeds) {
      const valid = new Map<number, number>();
      await train(device, dataset, mfBpr, { ...mfBpr.presets["generated"], optimizer, seed, evalEvery: 5 }, {
        onEvent: (event) => {
          if (event.type === "evaluation" && event.split === "valid") {
            valid.set(event.epoch, event.metrics["ndcg@10"]!);
          }
        },
      });
      runs.push(valid);
    }
    for (const point of bandOf(runs)) lines.push({ name: optimizer, at, ...point });
  }
  return picture({
    alt: "Validation NDCG@10 over epochs, with and without SEvo",
    width: WIDTH,
    height: 300,
    marginTop: 44,
    marginBottom: 44,
    marginLeft: 50,
    x: { label: "epoch", tickSize: 0 },
    y: { label: null, ticks: 5, tickSize: 0, grid: true },
    marks: [
      Plot.areaY(lines, {
        x: "x",
        y1: "low",
        y2: "high",
        z: "at",
        fill: ({ at }) => COLOURS[at as 0],
        fillOpacity: 0.2,
      }),
      Plot.line(lines, { x: "x", y: "y", z: "at", stroke: ({ at }) => COLOURS[at as 0], strokeWidth: 2 }),
      ...legend(["SEvo-AdamW", "AdamW"]),
    ],
  });
}

/** What draws each picture, by the name of its file. The cpu gives the same bytes everywhere. */
export const METHOD_PICTURES: Readonly<Record<string, (device: Device) => Promise<string> | string>> = {
  "method-spread.svg": spread,
  "method-spectrum.svg": spectrum,
  "method-curves.svg": (device) => curves(device, [1, 2, 3]),
};
