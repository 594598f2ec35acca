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

/** What a table is called where a golden run has it a second time. */
export const again = (name: string) => `again ${name}`;

/**
 * Goes through the steps of a golden file, and gives the tables after each. With `grouped` its tables are in one state
 * twice, in a group each, beside a table of another width.
 */
export async function* goldenSteps(
  device: Device,
  golden: GoldenCase,
  { grouped = false } = {},
): AsyncGenerator<Record<string, Float32Array<ArrayBuffer>>> {
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
  const twice = <T>(all: Record<string, T>) =>
    Object.fromEntries(Object.entries(all).flatMap(([name, own]) => [[name, own], [again(name), own]]));
  const { propagation, ...rule } = options;
  let state = grouped
    ? sevoInit<string>(device, { ...twice(tables), bias: { data: new Float32Array(5).fill(0.5), shape: [5, 1] } }, {
      ...rule,
      groups: [names, names.map(again)].map((tables) => ({ tables, propagation: propagation! })),
    })
    : sevoInit<string>(device, tables, options);
  for (let step = 1; step <= (settings.steps as number); step++) {
    const gradients = Object.fromEntries(names.map((name) => [name, Float32Array.from(data(`grad.${name}.${step}`))]));
    state = grouped
      ? sevoStep(state, { ...twice(gradients), bias: new Float32Array(5).fill(step) }, graph && [graph, graph])
      : sevoStep(state, gradients, graph);
    yield await state.read();
  }
  state[Symbol.dispose]();
}
