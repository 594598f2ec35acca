import { assertEquals, assertLessOrEqual } from "@std/assert";
import { Graph, propagate, type Propagation, sevoInit, type SevoOptions, sevoStep } from "@sevo/sevo";
import { type GoldenCase, goldenCases, relativeError } from "../_golden.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameBits } from "./_fixtures.ts";

/** The propagation among the settings of a golden file. */
function propagationOf({ settings }: GoldenCase): Propagation {
  const names = ["mode", "beta", "layers", "tolerance", "maxIterations"].filter((name) => name in settings);
  return Object.fromEntries(names.map((name) => [name, settings[name]])) as unknown as Propagation;
}

function csrOf({ data }: GoldenCase) {
  return { rowOffsets: data("graph.row_offsets"), columns: data("graph.columns"), values: data("graph.values") };
}

for (const golden of goldenCases("graph_")) {
  Deno.test(`golden: ${golden.name}`, () => {
    const { settings, data } = golden;
    const offsets = data("sequence.offsets"), items = data("sequence.items");
    const graph = settings.kind === "item"
      ? Graph.fromSequences({ offsets, items }, {
        rows: settings.rows as number,
        offset: settings.offset as number,
        maxWalk: settings.max_walk as number,
        last: settings.last as number,
      })
      : Graph.fromInteractions({
        users: Array.from(offsets.slice(1)).flatMap((end, user) => Array(end - offsets[user]!).fill(user)),
        items,
        userCount: settings.users as number,
        itemCount: settings.items as number,
      });
    const expected = csrOf(golden);
    assertEquals([...graph.rowOffsets], [...expected.rowOffsets]);
    assertEquals([...graph.columns], [...expected.columns]);
    assertLessOrEqual(relativeError(graph.values, expected.values), 1e-6);
  });
}

for (const golden of goldenCases("propagate_")) {
  testOnDevices(`golden: ${golden.name}`, async (device) => {
    const propagation = propagationOf(golden);
    using graph = Graph.fromCsr(csrOf(golden));
    const result = await propagate(device, graph, Float32Array.from(golden.data("x")), propagation);
    assertLessOrEqual(relativeError(result, golden.data("y")), propagation.mode === "exact" ? 1e-4 : 1e-6);
  });
}

for (const golden of goldenCases("step_")) {
  testOnDevices(`golden: ${golden.name}`, async (device) => {
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
    // Twice the same tables in groups of one state, beside a table of another width, are to the bit what they are alone
    const { propagation, ...rule } = options, again = (name: string) => `again ${name}`;
    const bias = { data: new Float32Array(5).fill(0.5), shape: [5, 1] as const };
    const twice = Object.fromEntries(
      Object.entries(tables).flatMap(([name, table]) => [[name, table], [again(name), table]]),
    );
    let grouped = sevoInit<string>(device, { ...twice, bias }, {
      ...rule,
      groups: [names, names.map(again)].map((tables) => ({ tables, propagation: propagation! })),
    });
    for (let step = 1; step <= (settings.steps as number); step++) {
      const gradients = Object.fromEntries(
        names.map((name) => [name, Float32Array.from(data(`grad.${name}.${step}`))]),
      );
      state = sevoStep(state, gradients, graph);
      const both = Object.fromEntries(
        Object.entries(gradients).flatMap(([name, gradient]) => [[name, gradient], [again(name), gradient]]),
      );
      grouped = sevoStep(grouped, { ...both, bias: new Float32Array(5).fill(step) }, graph ? [graph, graph] : null);
      const [read, pair] = await Promise.all([state.read(), grouped.read()]);
      for (const name of names) {
        assertSameBits(pair[name]!, read[name]!);
        assertSameBits(pair[again(name)]!, read[name]!);
        assertLessOrEqual(
          relativeError(read[name]!, data(`param.${name}.${step}`)),
          1e-5,
          `table ${name}, step ${step}`,
        );
      }
    }
    state[Symbol.dispose]();
    grouped[Symbol.dispose]();
  });
}
