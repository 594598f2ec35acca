import { assertEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import { Graph } from "@sevo/sevo";
import { Comparison, Draws, strideOf } from "../../kernels/_check.ts";
import { fromPanels, toPanels } from "../../kernels/_panels.ts";
import { checkPropagate } from "../../kernels/propagate/check.ts";
import { propagateOracle } from "../../kernels/propagate/oracle.ts";
import { Entries, itemCuts } from "../../kernels/propagate/propagate.ts";
import type { Device } from "../../src/device/device.ts";
import { product } from "../../src/sevo/_product.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses, columns, seed } from "./_assert_checks.ts";

const factor = fc.constantFrom(0, 1, -1, 0.99, 1e-3, -0.3);

testOnDevices("propagate: random graphs", async (device) => {
  const cases = fc.record({
    seed,
    columns,
    rows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 200, max: 300 })),
    sourceRows: fc.integer({ min: 1, max: 300 }),
    edges: fc.integer({ min: 0, max: 30 }),
    hub: fc.constantFrom(0, 511, 512, 513, 1500),
    collect: fc.boolean(),
    panel: fc.constantFrom(1, 2, 4, 8, 1024),
    entries: fc.constantFrom("weighted", "ones", "within", "out"),
    packed: fc.boolean(),
    keep: factor,
    neighbour: factor,
    own: factor,
  });
  await assertChecks(cases, (options) => checkPropagate(device, options));
});

testOnDevices("propagate: more quads than a workgroup has threads", async (device) => {
  assertPasses(
    await checkPropagate(device, {
      seed: 1,
      rows: 9,
      sourceRows: 8,
      columns: 1030,
      edges: 5,
      hub: 600,
      collect: true,
      panel: 1024,
      entries: "weighted",
      packed: false,
      keep: 0.5,
      neighbour: 1,
      own: -1,
    }),
  );
});

/** Launches a product as the optimizer does, hubs in pieces, in either form, and checks it against the whole graph. */
async function checkGraph(device: Device, graph: Graph, width: number, panel: number) {
  const stride = strideOf(width), quads = stride / 4, draws = new Draws(5);
  const data = draws.matrix(graph.rows, width), before = draws.matrix(graph.rows, width);
  const keep = Math.fround(0.9), neighbour = Math.fround(-0.3), own = 1;
  const { rowOffsets, columns, values } = graph;
  const input = { rowOffsets, columns, values, source: data, partials: null, addend: data, before };
  const expected = propagateOracle({
    ...input,
    entries: Entries.weighted,
    sourceRows: graph.rows,
    stride,
    keep,
    neighbour,
    own,
  });
  for (const form of ["normalised", "counted"] as const) {
    const on = graph.on(device, form);
    assertEquals(on.scales === null, form === "normalised");
    const scales = on.scales && await device.read(on.scales);
    const scaled = data.map((value, at) => value * (scales?.[Math.floor(at / stride)] ?? 1));
    using source = device.upload(toPanels(scaled, quads, panel), [graph.rows, stride]);
    using output = device.upload(before, [graph.rows, stride]);
    using partials = on.partial && device.empty("f32", [on.partial.rows, stride]);
    using addend = device.copy(source);
    const scalars = { panel, outputPanel: quads, scaling: "out", turn: 0, step: 0, keep, neighbour, own } as const;
    device.batch(() => product(on, partials, { source, addend, output, status: null }, scalars));
    const comparison = new Comparison();
    // Scaling rounds what is gathered and what is added once more, and the weights of the whole graph have rounded twice
    const tolerance = expected.tolerance.map((error) => form === "counted" ? 2 * error + 2 ** -22 : error);
    comparison.floats("output", await device.read(output), { ...expected, tolerance });
    assertPasses(comparison.result("propagate", { form, rows: graph.rows, width, pieces: on.partial?.rows ?? 0 }));
  }
}

/** Stars with so many leaves each, every center a row of its own. */
function stars(...leaves: number[]): Graph {
  const sources: number[] = [], targets: number[] = [];
  let rows = 0;
  for (const count of leaves) {
    const center = rows++;
    for (let leaf = 0; leaf < count; leaf++) {
      sources.push(center);
      targets.push(rows++);
    }
  }
  return Graph.fromEdges({ rows: rows + 1, sources, targets });
}

testOnDevices("propagate: a star of 5,000 leaves, its hub in pieces", async (device) => {
  using graph = stars(5000);
  await checkGraph(device, graph, 9, 3);
});

testOnDevices("propagate: hubs of 512, 513 and 1,024 edges", async (device) => {
  using graph = stars(512, 513, 1, 1024);
  await checkGraph(device, graph, 64, 16);
  await checkGraph(device, graph, 100, 8);
});

Deno.test("toPanels() puts all rows of a panel before those of the next, and fromPanels() brings them back", () => {
  const rows = 3, quads = 5;
  const data = Float32Array.from({ length: rows * quads * 4 }, (_, at) => at);
  const packed = toPanels(data, quads, 2);
  const quadsOf = (matrix: Float32Array) => [...matrix].filter((_, at) => at % 4 === 0).map((value) => value / 4);
  assertEquals(quadsOf(packed), [0, 1, 5, 6, 10, 11, 2, 3, 7, 8, 12, 13, 4, 9, 14]);
  assertEquals(fromPanels(packed, quads, 2), data);
});

Deno.test("itemCuts() cuts every panel at the same rows, at fewer the more panels there are", () => {
  assertEquals([...itemCuts(Uint32Array.of(0, 2, 5), 3)], [0, 2, 5, 7, 10, 12, 15]);
  assertEquals([...itemCuts(Uint32Array.of(0, 2, 5), 1)], [0, 2, 5]);
  const many = itemCuts(Uint32Array.from({ length: 65 }, (_, at) => at), 200);
  assertEquals([many.length - 1, many[1], many.at(-1)], [2 * 200, 50, 64 * 200]);
});
