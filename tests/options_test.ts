import { assertEquals, assertThrows } from "@std/assert";
import { checkOptions, checkType, shown } from "../src/options.ts";

const NAMES = ["rule", "learningRate", "betas", "weightDecay", "maxIterations", "last"];

function messageOf(work: () => void): string {
  return assertThrows(work, TypeError).message;
}

Deno.test("checkOptions() suggests the option that was probably meant", () => {
  const cases = {
    weight_decay: "weightDecay",
    "weight-decay": "weightDecay",
    WEIGHTDECAY: "weightDecay",
    weigthDecay: "weightDecay",
    learning_rate: "learningRate",
    learningrat: "learningRate",
    rul: "rule",
    lsat: "last",
    beta: "betas",
    decay: "weightDecay",
    iterations: "maxIterations",
    lastItems: "last",
  };
  for (const [name, meant] of Object.entries(cases)) {
    assertEquals(
      messageOf(() => checkOptions("Cannot use these options", { [name]: 1 }, NAMES)),
      `Cannot use these options as there is no option '${name}': did you mean '${meant}'?`,
    );
  }
});

Deno.test("checkOptions() names all options where none is near", () => {
  for (const name of ["lr", "", "_", "amsgrad", "__proto__", "constructor", "ü", "x".repeat(100_000)]) {
    assertEquals(
      messageOf(() => checkOptions("Cannot go on", { [name]: 1 }, ["rule", "last"])),
      `Cannot go on as there is no option '${name}': options are 'rule', 'last'`,
    );
  }
});

Deno.test("checkOptions() takes known names, and anything that is undefined", () => {
  checkOptions("Cannot go on", {}, NAMES);
  checkOptions("Cannot go on", Object.create(null), NAMES);
  checkOptions("Cannot go on", { rule: 1, last: undefined, other: undefined }, NAMES);
});

Deno.test("checkOptions() refuses what is no object of options", () => {
  const cases: [unknown, string][] = [
    [null, "null"],
    [undefined, "undefined"],
    [3, "3"],
    ["rule", "'rule'"],
    [true, "true"],
    [[], "[]"],
    [() => 1, "a function"],
  ];
  for (const [options, text] of cases) {
    assertEquals(
      messageOf(() => checkOptions("Cannot go on", options, NAMES)),
      `Cannot go on as the options must be an object: current value is ${text}`,
    );
  }
  assertEquals(
    messageOf(() => checkOptions("Cannot go on", "rule", NAMES, "propagation")),
    "Cannot go on as propagation must be an object: current value is 'rule'",
  );
});

Deno.test("checkType() tells a number from what may be read as one", () => {
  for (const value of [0, -1, NaN, Infinity]) checkType("Cannot go on", "last", value, "number");
  for (const value of [true, false]) checkType("Cannot go on", "fast", value, "boolean");
  for (const value of ["1", null, undefined, 1n, true, [1], {}, new Date(0), Symbol("one"), Object(1)]) {
    assertEquals(
      messageOf(() => checkType("Cannot go on", "last", value, "number")),
      `Cannot go on as last must be a number: current value is ${shown(value)}`,
    );
  }
  for (const value of ["yes", 1, 0, null, undefined]) {
    assertEquals(
      messageOf(() => checkType("Cannot go on", "fast", value, "boolean")),
      `Cannot go on as fast must be a boolean: current value is ${shown(value)}`,
    );
  }
});

Deno.test("shown() keeps a value short and tells its type", () => {
  const circular: unknown[] = [];
  circular.push(circular);
  const values = ["1", 1, 1n, null, Symbol("s"), [0.9, "0.9"], Array(9).fill(0), circular, {}, Object.create(null)];
  assertEquals(
    values.map(shown),
    ["'1'", "1", "1n", "null", "Symbol(s)", "[0.9, '0.9']", "an array", "an array", "an object", "an object"],
  );
});
