import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import type { Device } from "@sevo/sevo";
import { activation, passOn } from "../../src/nn/activation.ts";
import { gatherRows } from "../../src/nn/gather_rows.ts";
import { linear } from "../../src/nn/linear.ts";
import { ParameterLayout } from "../../src/nn/parameters.ts";
import { Tape, Variable } from "../../src/nn/tape.ts";
import { testOnDevices } from "../_on_devices.ts";

const KEY = { seed: 1, step: 1 };

/** Two rows whose signs relu tells apart. */
const X = Float32Array.of(1, -2, 3, -4, 5, -6, 7, -8, -1, 2, -3, 4, -5, 6, -7, 8);
const STEP = X.map((value) => value > 0 ? 1 : 0);

/** Leaves NaN in the memory that tensors of 2 x 8, and those of parts, are made of next. */
function poison(device: Device): void {
  const spoilt = Array.from({ length: 16 }, () => device.upload(new Float32Array(16).fill(NaN), [2, 8]));
  for (const tensor of spoilt) tensor.dispose();
}

/** A variable of 2 x 8 elements that lives as long as the tape. */
function variable(tape: Tape, data: Float32Array<ArrayBuffer>): Variable {
  const made = tape.variable(2, 8);
  tape.device.write(made.tensor, data);
  return made;
}

/** Begins the way back: the gradient of what was made last. */
function seed(tape: Tape, of: Variable, data: Float32Array<ArrayBuffer>): void {
  tape.device.write(tape.gradientOf(of).tensor, data);
}

const DY = Float32Array.from({ length: 16 }, (_, at) => at + 1);

testOnDevices("Tape adds up the gradients of a variable that is used twice", async (device) => {
  poison(device);
  using tape = new Tape(device, KEY);
  const x = variable(tape, X);
  // y = relu(x) + 2 ways of x: as it is, and as the residual
  const y = activation(tape, x, { residual: activation(tape, x, { kind: "relu", residual: x }) });
  seed(tape, y, DY);
  tape.backward();
  assertEquals(await device.read(y.tensor), X.map((value) => 2 * value + Math.max(0, value)));
  assertEquals(await device.read(x.gradient!), DY.map((dy, at) => dy * (2 + STEP[at]!)));
});

testOnDevices("Tape adds up through linear layers too, into the input and not into the weight", async (device) => {
  const layout = new ParameterLayout({ w: { data: new Float32Array(64), shape: [8, 8] } });
  // w = 3 I
  const w = Float32Array.from({ length: 64 }, (_, at) => at % 9 === 0 ? 3 : 0);
  using parameters = device.upload(w, [layout.rows, layout.columns]);
  using gradient = device.upload(new Float32Array(64).fill(NaN), [layout.rows, layout.columns]);
  poison(device);
  using tape = new Tape(device, KEY);
  const x = variable(tape, X);
  const y = linear(tape, { parameters, gradient, layout }, x, { weight: "w", outputs: 8, residual: x });
  seed(tape, y, DY);
  tape.backward();
  assertEquals(await device.read(y.tensor), X.map((value) => 4 * value));
  assertEquals(await device.read(x.gradient!), DY.map((dy) => 4 * dy));
  const expected = Float32Array.from({ length: 64 }, (_, at) => {
    const [output, input] = [Math.floor(at / 8), at % 8];
    return DY[output]! * X[input]! + DY[8 + output]! * X[8 + input]!;
  });
  assertEquals(await device.read(gradient), expected);
});

testOnDevices("Tape keeps the columns of a variable apart", async (device) => {
  poison(device);
  using tape = new Tape(device, KEY);
  const x = variable(tape, X), y = tape.variable(2, 8);
  const left = { variable: x, first: 0, count: 4 }, right = { variable: x, first: 4, count: 4 };
  // The halves change sides; the right one is used once more, in a variable of its own
  activation(tape, left, { kind: "relu", into: { variable: y, first: 4, count: 4 } });
  activation(tape, right, { into: { variable: y, first: 0, count: 4 } });
  const more = activation(tape, right, { kind: "relu" });
  assertEquals(more.tensor.shape, [2, 4]);
  seed(tape, y, DY);
  device.write(tape.gradientOf(more).tensor, Float32Array.of(10, 20, 30, 40, 50, 60, 70, 80));
  tape.backward();
  const relu = X.map((value) => Math.max(0, value));
  assertEquals(
    [...await device.read(y.tensor)],
    [...X.subarray(4, 8), ...relu.subarray(0, 4), ...X.subarray(12), ...relu.subarray(8, 12)],
  );
  const expected = [0, 1].flatMap((row) =>
    [0, 1, 2, 3, 4, 5, 6, 7].map((column) => {
      const at = 8 * row + column;
      if (column < 4) return STEP[at]! * DY[at + 4]!;
      return DY[at - 4]! + STEP[at]! * 10 * (4 * row + column - 3);
    })
  );
  assertEquals([...await device.read(x.gradient!)], expected);
});

testOnDevices("Tape.gradientOf() says whether a part is written yet, part by part", (device) => {
  using tape = new Tape(device, KEY);
  const x = tape.variable(2, 8);
  assertEquals(x.gradient, null);
  const { tensor } = tape.gradientOf(x, 4);
  assertEquals([tensor.shape, tensor === x.tensor], [[2, 8], false]);
  const accumulates = [0, 4, 0, 4].map((first) => {
    const part = tape.gradientOf(x, first);
    assertStrictEquals(part.tensor, tensor);
    return part.accumulate;
  });
  assertEquals(accumulates, [0, 1, 1, 1]);
  assertEquals(tape.gradientOf(tape.variable(2, 8)).accumulate, 0);
});

testOnDevices("passOn() hands the gradient over, and adds where there is one", async (device) => {
  using tape = new Tape(device, KEY);
  const [first, second, term] = [1, 2, 3].map(() => tape.variable(2, 8)) as [Variable, Variable, Variable];
  seed(tape, first, DY);
  seed(tape, second, X);
  const bytes = device.liveBytes, { launches } = device;
  passOn(tape, first, term);
  assertStrictEquals(term.gradient, first.gradient);
  assertEquals([device.liveBytes, device.launches], [bytes, launches]);
  // It counts as written: what comes after is added
  assertEquals(tape.gradientOf(term).accumulate, 1);
  passOn(tape, second, term);
  assertNotStrictEquals(term.gradient, second.gradient);
  assertEquals(device.liveBytes, bytes);
  assertEquals(await device.read(term.gradient!), DY.map((dy, at) => dy + X[at]!));
  assertEquals(await device.read(second.gradient!), X);
});

testOnDevices("gatherRows() hands gradients back to the rows it took, and none to the others", async (device) => {
  poison(device);
  using tape = new Tape(device, KEY);
  const x = variable(tape, X);
  const relu = activation(tape, x, { kind: "relu" });
  const row = gatherRows(tape, relu, Uint32Array.of(1));
  device.write(tape.gradientOf(row).tensor, DY.slice(0, 8));
  tape.backward();
  assertEquals([...await device.read(row.tensor)], [...X.subarray(8)].map((value) => Math.max(0, value)));
  const expected = [...Array(8).fill(0), ...DY.subarray(0, 8).map((dy, at) => dy * STEP[8 + at]!)];
  assertEquals([...await device.read(x.gradient!)], expected);
});

testOnDevices(
  "Tape runs backward from the last operation to the first, and then adds up what they left",
  async (device) => {
    using gradient = device.zeros("f32", [1, 4]);
    using tape = new Tape(device, KEY);
    const sums = tape.sumsInto(gradient), rows = sums.reserve(1, 1), order: string[] = [];
    assertStrictEquals(tape.sumsInto(gradient), sums);
    sums.add({ offset: 0, quads: 1 }, rows);
    for (const name of ["first", "second"]) {
      tape.record(() => {
        order.push(name);
        device.write(sums.partials, Float32Array.of(1, 2, 3, order.length));
      });
    }
    assertEquals(order, []);
    tape.backward();
    assertEquals(order, ["second", "first"]);
    assertEquals([...await device.read(gradient)], [1, 2, 3, 2]);
  },
);

testOnDevices("a Tape without a key records nothing", async (device) => {
  const before = device.liveBytes;
  {
    using tape = new Tape(device, null);
    assertEquals(tape.training, false);
    tape.record(() => {
      throw new Error("recorded");
    });
    const x = variable(tape, X);
    const y = activation(tape, x, { kind: "relu", rate: 0.9, residual: x });
    const { launches, liveBytes } = device;
    tape.backward();
    assertEquals([device.launches, device.liveBytes, x.gradient], [launches, liveBytes, null]);
    // Nor does it drop anything
    assertEquals(await device.read(y.tensor), X.map((value) => value + Math.max(0, value)));
  }
  assertEquals(device.liveBytes, before);
});

testOnDevices("a Tape gives the memory of its pass back, gradients too", (device) => {
  const before = device.liveBytes, own = device.upload(X, [2, 8]);
  const tape = new Tape(device, KEY), given = new Variable(own);
  const y = activation(tape, given, { kind: "gelu", residual: given });
  const indices = tape.upload(Uint32Array.of(1, 2, 3));
  seed(tape, y, DY);
  tape.backward();
  assert(given.gradient);
  tape[Symbol.dispose]();
  assertEquals([y.tensor.disposed, indices.disposed, given.gradient.disposed], [true, true, true]);
  // What it was given is not its own
  assertEquals(own.disposed, false);
  own.dispose();
  assertEquals(device.liveBytes, before);
});

testOnDevices("Tape.dropout() numbers places, and says how much is dropped", (device) => {
  using tape = new Tape(device, { seed: 7, step: 9 });
  assertEquals(tape.training, true);
  assertEquals(tape.dropout(0.5), { seed: 7, step: 9, site: 0, threshold: 2 ** 31, scale: 2 });
  assertEquals(tape.dropout(0), { seed: 0, step: 0, site: 1, threshold: 0, scale: 1 });
  assertEquals(tape.dropout(0.25), { seed: 7, step: 9, site: 2, threshold: 2 ** 30, scale: Math.fround(4 / 3) });
  using inference = new Tape(device, null);
  assertEquals(inference.dropout(0.5), { seed: 0, step: 0, site: 0, threshold: 0, scale: 1 });
  assertEquals(inference.dropout(0.5).site, 1);
});
