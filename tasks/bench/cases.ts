import { blend } from "../../kernels/blend/blend.ts";
import type { Device } from "../../src/device/device.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { graphOn, makeScratch, smooth } from "../../src/sevo/propagation.ts";
import { resolvePropagation } from "../../src/sevo/propagation_options.ts";
import { sevoInit } from "../../src/sevo/init.ts";
import { sevoStep } from "../../src/sevo/step.ts";

/** Weight of the graph in everything timed here. */
const BETA = 0.99;

/** Milliseconds that one measurement should take at least: enough for many launches of the small cases. */
const LEAST_MILLISECONDS = 200;

/** Something to time; what it holds on the device goes with it. */
export interface Timed extends Disposable {
  /** Milliseconds that one call takes, averaged over as many calls as fill the least time. */
  run(): Promise<number>;
}

/**
 * Times psi(X) alone.
 *
 * @param device The device.
 * @param graph The graph.
 * @param columns Columns of X.
 * @param layers Layers of propagation.
 * @returns What to run.
 */
export function timePropagation(device: Device, graph: Graph, columns: number, layers: number | null): Timed {
  const propagation = resolvePropagation({ mode: "neumann", beta: BETA, layers: layers! });
  const input = device.upload(pattern(graph.rows * columns), [graph.rows, columns]);
  const output = device.empty("f32", [graph.rows, columns]);
  const report = { convergence: device.zeros("u32", [1]), overflow: device.zeros("u32", [1]), step: 1 };
  const call = () =>
    device.batch(() => {
      const on = graphOn(device, graph, propagation);
      using scratch = makeScratch(on, propagation, input);
      smooth(on, propagation, input, { output, keep: 0, scale: 1 }, report, scratch);
    });
  const tensors = [input, output, report.convergence, report.overflow];
  return timed(device, call, () => tensors.forEach((tensor) => tensor.dispose()));
}

/**
 * Times a step of AdamW with a dense gradient on the device, smoothed or plain.
 *
 * @param device The device.
 * @param graph The graph.
 * @param columns Columns of the table.
 * @param layers Layers of propagation; null for the plain rule.
 * @returns What to run.
 */
export function timeStep(device: Device, graph: Graph, columns: number, layers: number | null): Timed {
  const shape = [graph.rows, columns] as const;
  const gradient = device.upload(pattern(graph.rows * columns), shape);
  let state = sevoInit(device, { item: { data: pattern(graph.rows * columns), shape } }, {
    rule: "adamw",
    learningRate: 1e-3,
    weightDecay: 0.1,
    propagation: layers === null ? null : { mode: "neumann", beta: BETA, layers },
  });
  const call = () => {
    state = sevoStep(state, { item: gradient }, layers === null ? null : graph);
  };
  return timed(device, call, () => {
    gradient.dispose();
    state[Symbol.dispose]();
  });
}

function timed(device: Device, call: () => void, dispose: () => void): Timed {
  return {
    async run() {
      let calls = 1;
      for (;;) {
        const start = performance.now();
        for (let at = 0; at < calls; at++) call();
        await device.synchronize();
        const elapsed = performance.now() - start;
        // A wait has a price of its own on webgpu, 11 ms: one for as many calls as fill the time.
        if (elapsed >= LEAST_MILLISECONDS) return elapsed / calls;
        calls = Math.ceil(calls * Math.min(10, 1.2 * LEAST_MILLISECONDS / elapsed));
      }
    },
    [Symbol.dispose]: dispose,
  };
}

/**
 * Bytes per second that a plain copy reads and writes, with all threads.
 *
 * @param device The device.
 * @returns Bytes per second.
 */
export async function copyBandwidth(device: Device): Promise<number> {
  const elements = 16 * 2 ** 20;
  using input = device.zeros("f32", [elements]);
  using output = device.zeros("f32", [elements]);
  using copy = timed(
    device,
    () => device.launch(blend, { input, output }, { quads: elements / 4, keep: 0, scale: 1 }),
    () => {},
  );
  await copy.run();
  return 2 * 4 * elements / await copy.run() * 1e3;
}

/**
 * Bytes that propagation must move if nothing is cached: for each layer and entry an index, a value and a gathered row;
 * for each row an offset, the addend read and the output written.
 *
 * @param graph The graph.
 * @param columns Columns of X.
 * @param layers Layers.
 * @returns Bytes.
 */
export function propagationBytes(graph: Graph, columns: number, layers: number): number {
  return layers * (graph.entries * (8 + 4 * columns) + graph.rows * (4 + 8 * columns));
}

/**
 * Bytes that an AdamW step with a dense gradient must move: gradient and two moments read, two moments written; then
 * the parameters read and written, and, where it propagates, the direction written and the propagation's own.
 *
 * @param graph The graph.
 * @param columns Columns of the table.
 * @param layers Layers; null for the plain rule.
 * @returns Bytes.
 */
export function stepBytes(graph: Graph, columns: number, layers: number | null): number {
  const table = 4 * graph.rows * columns;
  return layers === null ? 7 * table : 6 * table + propagationBytes(graph, columns, layers) + table;
}

/** Values without structure that are cheap to make. */
function pattern(length: number): Float32Array {
  const data = new Float32Array(length);
  for (let at = 0; at < length; at++) data[at] = (Math.imul(at, 2654435761) >> 16) / 32768;
  return data;
}
