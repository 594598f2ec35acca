import { type Device, Graph, type Propagation, sevoInit, type SevoOptions, sevoStep } from "@sevo/sevo";
import type { GoldenCase } from "./_golden.ts";

/** The propagation among the settings of a golden file. */
export function propagationOf({ settings }: GoldenCase): Propagation {
  const names = ["mode", "beta", "layers", "tolerance", "maxIterations"].filter((name) => name in settings);
  return Object.fromEntries(names.map((name) => [name, settings[name]])) as unknown as Propagation;
}

/** The graph of a golden file. */
export function csrOf({ data }: GoldenCase) {
  return { rowOffsets: data("graph.row_offsets"), columns: data("graph.columns"), values: data("graph.values") };
}

/** Goes through the steps of a golden file, and gives the tables after each. */
export async function* goldenSteps(device: Device, golden: GoldenCase): AsyncGenerator<Record<string, Float32Array>> {
  const { settings, data } = golden;
  const options: SevoOptions = {
    rule: settings.rule as SevoOptions["rule"],
    learningRate: settings.lr as number,
    betas: settings.betas as [number, number] ?? [0.9, 0.999],
    epsilon: settings.eps as number,
    weightDecay: settings.weight_decay as number ?? 0,
    momentum: settings.momentum as number ?? 0,
    nesterov: settings.nesterov as boolean ?? false,
    propagation: settings.mode === null ? null : propagationOf(golden),
  };
  using graph = options.propagation && Graph.fromCsr(csrOf(golden));
  const names: string[] = [];
  while (golden.has(`param.${names.length}.0`)) names.push(`${names.length}`);
  const tables = Object.fromEntries(names.map((name) => [name, {
    data: Float32Array.from(data(`param.${name}.0`)),
    shape: golden.shape(`param.${name}.0`) as [number, number],
  }]));
  let state = sevoInit(device, tables, options);
  for (let step = 1; step <= (settings.steps as number); step++) {
    const gradients = Object.fromEntries(names.map((name) => [name, Float32Array.from(data(`grad.${name}.${step}`))]));
    state = sevoStep(state, gradients, graph);
    yield await state.read();
  }
  state[Symbol.dispose]();
}
