import { assertEquals, assertThrows } from "@std/assert";
import { ARRAYS, partOf, runsOfPart } from "../../src/experiments/parts.ts";

const part = (given: { index?: number; of?: number }, variables: Record<string, string> = {}) =>
  partOf(given, (name) => variables[name]);

Deno.test("partOf() takes what is given, else what the variables of an array of jobs say", () => {
  assertEquals(part({}), null);
  assertEquals(part({ index: 2, of: 8 }), { index: 2, of: 8, by: null });
  for (const { index, of } of ARRAYS) {
    const whole = of === null ? { of: 5 } : {};
    const variables = { [index]: "3", ...of !== null && { [of]: "5" } };
    assertEquals(part(whole, variables), { index: 3, of: 5, by: index }, index);
    assertEquals(part({ index: 0, of: 1 }, variables), { index: 0, of: 1, by: null }, "what is given wins");
  }
  assertEquals(part({ of: 4 }, { JOB_COMPLETION_INDEX: "1" }), { index: 1, of: 4, by: "JOB_COMPLETION_INDEX" });
  const slurm = { SLURM_ARRAY_TASK_ID: "1", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_COUNT: "4" };
  assertEquals(part({}, slurm), { index: 0, of: 4, by: "SLURM_ARRAY_TASK_ID" }, "--array=1-4");
});

const refused: readonly (readonly [{ index?: number; of?: number }, Record<string, string>, string])[] = [
  [{ index: 1 }, {}, "nothing says how many there are: give --of M"],
  [
    {},
    { JOB_COMPLETION_INDEX: "1" },
    "JOB_COMPLETION_INDEX says which part this is, and nothing says how many there are: give --of M",
  ],
  [{ of: 4 }, {}, "no variable says which one this is: give --index N, from 0 to 3"],
  [{ index: 4, of: 4 }, {}, "--index must be in [0, 3], as --of is 4: current value is 4"],
  [
    {},
    { CLOUD_RUN_TASK_INDEX: "5", CLOUD_RUN_TASK_COUNT: "5" },
    "--index must be in [0, 4], as --of is 5: " +
    "current value is 5",
  ],
  [{ of: 2 }, { JOB_COMPLETION_INDEX: "one" }, "JOB_COMPLETION_INDEX must be an integer: current value is 'one'"],
];
for (const [given, variables, what] of refused) {
  Deno.test(`partOf() refuses ${JSON.stringify({ ...given, ...variables })}`, () => {
    assertEquals(
      assertThrows(() => part(given, variables), RangeError).message,
      `Cannot run a part of the sweep as ${what}`,
    );
  });
}

Deno.test("runsOfPart() gives each run to one part, and each part some of all kinds", () => {
  const plan = Array.from({ length: 11 }, (_, at) => ({ name: `${at}`, settings: {} }));
  const parts = [0, 1, 2, 3].map((index) => runsOfPart(plan, { index, of: 4 }).map(({ name }) => name));
  assertEquals(parts[1], ["1", "5", "9"]);
  assertEquals(parts.flat().sort(), plan.map(({ name }) => name).sort());
  assertEquals(runsOfPart(plan.slice(0, 2), { index: 3, of: 4 }), []);
});
