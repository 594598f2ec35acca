import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { generatedDataset } from "../../src/data/generated.ts";
import { generatedAgain } from "../../src/data/generated_again.ts";

const DATASET = generatedDataset({ users: 40, items: 30, seed: 3 }), { provenance } = DATASET;

Deno.test("generatedAgain() makes the dataset that the provenance is of", () => {
  assertEquals(generatedAgain(provenance, 30, 40), DATASET);
  assertEquals(generatedAgain(JSON.parse(JSON.stringify(provenance)), 30, null), DATASET);
});

Deno.test("generatedAgain() makes nothing that the model does not bear out, nor what would take minutes", () => {
  const { options, counts } = provenance;
  const many = { options: { ...options, users: 4e9 }, counts: { ...counts, users: 4e9 } };
  for (
    const [given, users, message] of [
      [
        { options: { ...options, users: 4e9 }, counts },
        null,
        "its users must be 40: current value is 4000000000 of 40",
      ],
      [many, 40, "its users must be 40: current value is 4000000000 of 4000000000"],
      [many, null, "its users times maxLength must be at most 16777216: current value is 32000000000"],
      [{ options: { ...options, items: 4e9 }, counts }, 40, "its items must be 30: current value is 4000000000 of 30"],
      [{ options: {}, counts }, 40, "its users must be 40: current value is undefined of 40"],
      [
        { options: { ...options, groupsPerUser: 2 ** 32 - 1 }, counts },
        40,
        "its users times groupsPerUser must be at most 16777216: current value is 171798691800",
      ],
      [
        { options: { ...options, maxLength: null, minLength: {} }, counts },
        40,
        "its options are refused: Cannot generate a dataset as minLength must be a number: current value is an object",
      ],
      [
        { options: { ...options, maxLength: { toString: 1 } }, counts },
        40,
        "its options are refused: Cannot generate a dataset as maxLength must be a number: current value is an object",
      ],
      [
        { options: { ...options, users: { toString: 1 } }, counts },
        40,
        "its users must be 40: current value is an object",
      ],
      [
        { options: { ...options, groups: 1e9 }, counts },
        40,
        "its options are refused: Cannot generate a dataset as groups must be at most items (30): current value is",
      ],
      [
        { options: { ...options, more: 1 }, counts },
        40,
        "its options are refused: Cannot generate a dataset as there is",
      ],
    ] as const
  ) {
    const start = performance.now();
    const error = assertThrows(() => generatedAgain(given, 30, users), RangeError);
    assertLess(performance.now() - start, 2000);
    const whole = `Cannot generate the dataset of the model again as ${message}`;
    assertEquals(error.message.slice(0, whole.length), whole);
  }
});
