import { assertEquals, assertThrows } from "@std/assert";
import { readSpec, type Sweep } from "../../src/experiments/spec.ts";
import { SpecError } from "../../src/experiments/spec_error.ts";
import { MODELS } from "../../src/models/models.ts";
import { specOptions } from "../../tasks/sweep/flags.ts";

const read = (text: string): Sweep => readSpec(text, specOptions(MODELS, "s.json"));

Deno.test("readSpec() reads JSON with comments, keeps the order of keys, and counts seeds from 1", () => {
  const sweep = read(`{
    "$schema": "../sweep.schema.json",
    // Two datasets come first
    "base": { "model": "sasrec", "data": ["a", "b"] },
    "grid": { "optimizer": ["adam"], "beta": [0.5, 0.9] },
    "random": { "count": 3, "settings": { "layers": { "min": 0, "max": 5 }, "dropout": [0.1, 0.2] } },
    "list": [{ "maxWalk": 2, "last": 10 }, {}],
    "seeds": 3,
    "halve": { "every": 5, "keep": 0.5, },
  }`);
  assertEquals(sweep, {
    base: { model: "sasrec" },
    grid: { data: ["a", "b"], optimizer: ["adam"], beta: [0.5, 0.9] },
    random: {
      count: 3,
      seed: 0,
      settings: { layers: { min: 0, max: 5, integer: true }, dropout: [0.1, 0.2] },
    },
    list: [{ maxWalk: 2, last: 10 }, {}],
    seeds: [1, 2, 3],
    halve: { every: 5, keep: 0.5, metric: null },
  });
  assertEquals(Object.keys(sweep.grid), ["data", "optimizer", "beta"]);
  assertEquals(Object.keys(sweep.random!.settings), ["layers", "dropout"]);
});

Deno.test("readSpec() takes a spec of nothing as one run", () => {
  assertEquals(read("{}"), { base: {}, grid: {}, random: null, list: [], seeds: null, halve: null });
});

const refused: readonly (readonly [text: string, what: string])[] = [
  ["", "'s.json' is not JSON: value expected at line 1, column 1"],
  ['{"base": {}\n "grid": {}}', "'s.json' is not JSON: comma expected at line 2, column 2"],
  ["[]", "'s.json' must hold an object: current value is []"],
  ['{"gird": {}}', "'gird' at line 1 of 's.json' is not known here: did you mean 'grid'?"],
  [
    '{"what": {}}',
    "'what' at line 1 of 's.json' is not known here: there are base, grid, random, list, seeds, halve",
  ],
  ['{\n"base": {\n"epocs": 1}}', "'epocs' at line 3 of 's.json' is no setting of train: did you mean 'epochs'?"],
  [
    '{"base": {"learning-rate": 1}}',
    "'learning-rate' at line 1 of 's.json' is no setting of train: did you mean 'learningRate'?",
  ],
  ['{"base": {"qqq": 1}}', "'qqq' at line 1 of 's.json' is no setting of train: see deno task train --help"],
  [
    '{"base": {"out": "x"}}',
    "'out' at line 1 of 's.json' is not for a spec: the sweep gives each run a folder of its own",
  ],
  ['{"grid": {"seed": [1, 2]}}', "'seed' at line 1 of 's.json' is not for a spec: give seeds, beside base"],
  ['{"list": [{"quiet": true}]}', "'quiet' at line 1 of 's.json' is not for a spec: it is a flag of sweep"],
  ['{"base": []}', "'base' at line 1 of 's.json' must be an object of settings: current value is []"],
  ['{"base": {"data": []}}', "'base.data' at line 1 of 's.json' must have a value in it: current value is []"],
  ['{"base": {"data": [1]}}', "'base.data[0]' at line 1 of 's.json' must be a text: current value is 1"],
  ['{"base": {"beta": "1"}}', "'base.beta' at line 1 of 's.json' must be a number: current value is '1'"],
  ['{"grid": {"beta": 0.9}}', "'grid.beta' at line 1 of 's.json' must be a list: current value is 0.9"],
  ['{"grid": {"beta": [0.9,\n1]}}', "'grid.beta[1]' at line 2 of 's.json' must be in [0, 1): current value is 1"],
  ['{"list": [3]}', "'list[0]' at line 1 of 's.json' must be an object of settings: current value is 3"],
  ['{"list": {}}', "'list' at line 1 of 's.json' must be a list: current value is an object"],
  ['{"seeds": 0}', "'seeds' at line 1 of 's.json' must be in [1, 1000]: current value is 0"],
  ['{"seeds": [1, -1]}', "'seeds[1]' at line 1 of 's.json' must be in [0, 4294967295]: current value is -1"],
  ['{"halve": {"every": 2}}', "'halve.keep' at line 1 of 's.json' must be a number: current value is undefined"],
  ['{"halve": {"every": 2, "keep": 1}}', "'halve.keep' at line 1 of 's.json' must be in (0, 1): current value is 1"],
  [
    '{"halve": {"every": 2, "kep": 1}}',
    "'kep' at line 1 of 's.json' is not known here: did you mean 'keep'?",
  ],
  [
    '{"random": {"count": 1, "settings": {"beta": 5}}}',
    "'random.settings.beta' at line 1 of 's.json' must be a list to choose from, or a range such as " +
    '{"min": 0.001, "max": 0.1, "log": true}: current value is 5',
  ],
  [
    '{"random": {"count": 1, "settings": {"beta": {"min": 0, "max": 1}}}}',
    "'random.settings.beta.max' at line 1 of 's.json' must be in [0, 1): current value is 1",
  ],
  [
    '{"random": {"count": 1, "settings": {"beta": {"min": 0.5, "max": 0.1}}}}',
    "'random.settings.beta.max' at line 1 of 's.json' must be at least min: current value is 0.1",
  ],
  [
    '{"random": {"count": 1, "settings": {"beta": {"min": 0, "max": 0.1, "log": true}}}}',
    "'random.settings.beta.min' at line 1 of 's.json' must be greater than 0 where log is true: current value is 0",
  ],
  [
    '{"random": {"count": 1, "settings": {"beta": {"min": 0.1, "max": 0.5, "integer": true}}}}',
    "'random.settings.beta.min' at line 1 of 's.json' must be an integer where integer is true: current value is 0.1",
  ],
  [
    '{"random": {"count": 1, "settings": {"beta": {"min": 0.1, "max": 0.5, "lg": true}}}}',
    "'lg' at line 1 of 's.json' is not known here: did you mean 'log'?",
  ],
  [
    '{"random": {"count": 1, "settings": {"model": {"min": 1, "max": 2}}}}',
    "'random.settings.model' at line 1 of 's.json' must be a list: current value is an object",
  ],
  [
    '{"grid": {"beta": [0.9]},\n"list": [{"beta": 0.5}]}',
    "'beta' at line 2 of 's.json' is given by the grid as well: leave one of them out",
  ],
  [
    '{"base": {"data": ["a"]}, "grid": {"data": ["b"]}}',
    "'data' at line 1 of 's.json' is given by grid as well: leave one of them out",
  ],
  [
    '{"__proto__": {}}',
    "'__proto__' at line 1 of 's.json' is not known here: there are base, grid, random, list, " +
    "seeds, halve",
  ],
  ["[".repeat(1000), "'s.json' is not JSON: it is nested more than 64 levels deep"],
];
for (const [text, what] of refused) {
  Deno.test(`readSpec() refuses ${JSON.stringify(text.slice(0, 70))}`, () => {
    assertEquals(assertThrows(() => read(text), SpecError).message, `Cannot run sweep as ${what}`);
  });
}
