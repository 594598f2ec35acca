import { assertEquals, assertLessOrEqual } from "@std/assert";
import { Graph, propagate } from "@sevo/sevo";
import { goldenCases, relativeError } from "../_golden.ts";
import { again, csrOf, goldenSteps, propagationOf } from "../_golden_steps.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertSameBits } from "./_fixtures.ts";

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
    let step = 0;
    const grouped = goldenSteps(device, golden, { grouped: true });
    for await (const tables of goldenSteps(device, golden)) {
      step++;
      const both = (await grouped.next()).value!;
      for (const name in tables) {
        for (const twin of [name, again(name)]) assertSameBits(both[twin]!, tables[name]!, `${twin}, step ${step}`);
        const expected = golden.data(`param.${name}.${step}`);
        assertLessOrEqual(relativeError(tables[name]!, expected), 1e-5, `table ${name}, step ${step}`);
      }
    }
    assertEquals([step, (await grouped.next()).done], [golden.settings.steps, true]);
  });
}
