import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type Device, Graph, sevoInit, type SevoOptions, sevoStep } from "@sevo/sevo";
import { testOnDevices } from "../_on_devices.ts";

/** A table of two rows of one column, after a gradient of (1, -2) and `idle` steps without any. */
async function idleAfter(device: Device, options: Omit<SevoOptions, "propagation">, idle: number) {
  let state = sevoInit(device, { item: { data: Float32Array.of(0.5, 0.5), shape: [2, 1] } }, {
    ...options,
    propagation: null,
  });
  state = sevoStep(state, { item: Float32Array.of(1, -2) });
  for (let step = 0; step < idle; step++) state = sevoStep(state, { item: new Float32Array(2) });
  const [{ item }, moments] = await Promise.all([state.read(), state.moments("item")]);
  state[Symbol.dispose]();
  return { item, ...moments };
}

function assertNear(actual: Float32Array | null, expected: readonly number[]): void {
  assertEquals(actual?.length, expected.length);
  expected.forEach((value, at) => assertAlmostEquals(actual![at]!, value, 1e-6));
}

testOnDevices("lion: an idle row moves by the sign of its fading momentum", async (device) => {
  const { item, moment1, moment2 } = await idleAfter(device, { rule: "lion", learningRate: 0.01 }, 3);
  assertNear(item, [0.46, 0.54]);
  // By default the momentum takes in a hundredth of a gradient
  assertNear(moment1, [0.01 * 0.99 ** 3, -0.02 * 0.99 ** 3]);
  assertEquals(moment2, null);
});

testOnDevices("lion: an idle row comes to rest where its momentum has faded", async (device) => {
  // (3/4)^300 is about 2^-125: then the mean falls below the least normal float32, 2^-126
  const at = (idle: number) => idleAfter(device, { rule: "lion", learningRate: 2 ** -10, betas: [0.5, 0.75] }, idle);
  const [early, late, later] = [await at(250), await at(400), await at(420)];
  assertNear(early.item, [0.5 - 251 * 2 ** -10, 0.5 + 251 * 2 ** -10]);
  assertEquals(later.item, late.item);
});

testOnDevices("adagrad: an idle row stays where it is, and decays where there is decay", async (device) => {
  const plain = await idleAfter(device, { rule: "adagrad", learningRate: 0.1 }, 3);
  assertNear(plain.item, [0.4, 0.6]);
  assertNear(plain.moment2, [1, 4]);
  assertEquals(plain.moment1, null);
  const decayed = await idleAfter(device, { rule: "adagrad", learningRate: 0.1, weightDecay: 0.5 }, 1);
  const expected = [1, -2].map((gradient) => {
    const first = gradient + 0.25, moved = 0.5 - 0.1 * Math.sign(first), second = 0.5 * moved;
    return moved - 0.1 * second / Math.hypot(first, second);
  });
  assertNear(decayed.item, expected);
});

testOnDevices("lion and adagrad give the neighbours of a row what they give the row", async (device) => {
  using graph = Graph.fromEdges({ rows: 2, sources: [0], targets: [1] });
  for (const rule of ["lion", "adagrad"] as const) {
    const options: SevoOptions = {
      rule,
      learningRate: 1,
      propagation: { mode: "iterative", beta: 0.25, layers: 1 },
    };
    using state = sevoStep(
      sevoInit(device, { item: { data: new Float32Array(2), shape: [2, 1] } }, options),
      { item: Float32Array.of(-3, 0) },
      graph,
    );
    assertNear((await state.read()).item, [0.75, 0.25]);
  }
});
