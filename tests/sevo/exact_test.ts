import { assert, assertEquals, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import { ConvergenceError, Graph, openDevice, propagate, type Propagation } from "@sevo/sevo";
import { testOnDevices } from "../_on_devices.ts";
import { assertPropagated, assertSameBits, matrix, product, psi, randomGraph } from "./_fixtures.ts";

testOnDevices("exact propagation is right at every scale, and in columns of their own scales", async (device) => {
  const rows = 40, width = 6;
  using graph = randomGraph(2, rows, 160);
  const data = matrix(1, rows, width);
  for (const beta of [0.5, 0.99]) {
    const propagation: Propagation = { mode: "exact", beta };
    const expected = await propagate(device, graph, data, propagation);
    assertPropagated(expected, graph, data, width, propagation);
    for (const exponent of [66, -73, 120, -90]) {
      const scaled = await propagate(device, graph, data.map((value) => value * 2 ** exponent), propagation);
      // A power of two changes no digit
      assertSameBits(scaled.map((value) => value / 2 ** exponent), expected, `beta ${beta}, 2^${exponent}`);
    }
    const scales = [1e20, 1e-22, 1, 3e37, 0, 1e-30];
    const mixed = data.map((value, at) => value * scales[at % width]!);
    assertPropagated(await propagate(device, graph, mixed, propagation), graph, mixed, width, propagation);
  }
});

testOnDevices("exact propagation of a column that is not finite leaves the others right", async (device) => {
  const rows = 40, width = 5;
  using graph = randomGraph(2, rows, 160);
  const data = matrix(1, rows, width), propagation: Propagation = { mode: "exact", beta: 0.9 };
  const expected = await propagate(device, graph, data, propagation);
  for (const value of [NaN, Infinity]) {
    const result = await propagate(device, graph, data.with(2 * width + 3, value), propagation);
    result.forEach((element, at) => {
      if (at % width === 3) assert(!Number.isFinite(element));
      else assertEquals(element, expected[at]);
    });
  }
});

Deno.test("exact propagation on cpu stops when it has converged", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  using graph = randomGraph(2, 300, 1200);
  const data = matrix(1, 300, 4);
  const launchesOf = async (propagation: Propagation) => {
    const before = device.launches;
    await propagate(device, graph, data, propagation);
    return device.launches - before;
  };
  const few = await launchesOf({ mode: "exact", beta: 0.5 });
  assertLess(few, 6 * 13);
  assertEquals(await launchesOf({ mode: "exact", beta: 0.5, maxIterations: 10_000 }), few);
  assertEquals(await launchesOf({ mode: "exact", beta: 0.5, maxIterations: (few - 6) / 6 }), few);
  await assertRejects(() => launchesOf({ mode: "exact", beta: 0.5, maxIterations: (few - 12) / 6 }), ConvergenceError);
});

testOnDevices("exact propagation refuses a beta that would take it for ever", async (device) => {
  using graph = randomGraph(2, 40, 160);
  const data = matrix(1, 40, 3);
  const beta = 1 - 2 ** -22;
  const error = await assertRejects(() => propagate(device, graph, data, { mode: "exact", beta }), RangeError);
  assertEquals(
    error.message,
    "Cannot use these options as beta is so near 1 that 'exact' propagation may need 32556 iterations: expected at " +
      `most 10000, or a maxIterations: current value is ${beta}`,
  );
  await assertRejects(() => propagate(device, graph, data, { mode: "exact", beta: 1 - 1e-16 }), RangeError);
  const many: Propagation = { mode: "exact", beta, maxIterations: 10_001 };
  await assertRejects(
    () => propagate(device, graph, data, many),
    RangeError,
    "maxIterations must be an integer in [1,",
  );
  // With a number of its own it is tried, and stops where this graph lets it.
  const result = await propagate(device, graph, data, { mode: "exact", beta: 0.999, maxIterations: 10_000 });
  const bound = psi(graph, data, 3, { mode: "exact", beta: 0.999 });
  result.forEach((value, at) => assertLess(Math.abs(value - bound[at]!), 1e-3));
  // Other modes take it: they have their layers.
  await propagate(device, graph, data, { mode: "neumann", beta, layers: 3 });
});

testOnDevices("exact propagation over a matrix that it cannot solve never passes for converged", async (device) => {
  const rows = 6;
  // As it is taken: neither symmetric nor of eigenvalues up to 1, so that the iteration runs away.
  for (const size of [3, 1e6, 1e19, 1e30]) {
    using graph = Graph.fromCsr({
      rowOffsets: Array.from({ length: rows + 1 }, (_, row) => row),
      columns: Array.from({ length: rows }, (_, row) => (row + 1) % rows),
      values: Array.from({ length: rows }, (_, row) => row % 2 === 0 ? size : -size / 3),
    });
    const data = matrix(3, rows, 4), beta = 0.5;
    let result: Float32Array;
    try {
      result = await propagate(device, graph, data, { mode: "exact", beta });
    } catch (error) {
      assertInstanceOf(error, ConvergenceError);
      continue;
    }
    const image = product(graph, result, 4);
    result.forEach((value, at) => {
      const residual = value - beta * image[at]! - (1 - beta) * data[at]!;
      assertLess(Math.abs(residual), 1e-3, `size ${size}, element ${at}`);
    });
  }
});
