import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { constantSchedule, cosineSchedule, exponentialSchedule, linearSchedule, warmUpSchedule } from "@sevo/sevo";

Deno.test("a schedule begins with its first rate, ends with its last, and stays there", () => {
  for (const make of [linearSchedule, cosineSchedule]) {
    for (const steps of [1, 2, 7]) {
      const rate = make(0.5, 0.1, steps);
      if (steps > 1) assertAlmostEquals(rate(1), 0.5, 1e-12);
      assertEquals([rate(steps), rate(steps + 100)], [0.1, 0.1]);
      for (let step = 2; step <= steps; step++) assertEquals(rate(step) < rate(step - 1), true);
    }
  }
});

Deno.test("a rise meets the schedule after it, whose steps are counted from its last", () => {
  const rate = warmUpSchedule(3, exponentialSchedule(0.9, 0.5));
  [0.3, 0.6, 0.9, 0.45, 0.225].forEach((expected, at) => assertAlmostEquals(rate(at + 1), expected, 1e-12));
});

Deno.test("schedules refuse what is no rate and no number of steps", () => {
  const refused: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => constantSchedule(NaN),
      RangeError,
      "Cannot make a schedule as the rate must be finite: current value is NaN",
    ],
    [
      () => linearSchedule("1" as never, 0, 5),
      TypeError,
      "Cannot make a schedule as the first rate must be a number: current value is '1'",
    ],
    [
      () => cosineSchedule(1, 0, 2.5),
      RangeError,
      "Cannot make a schedule as the number of steps must be an integer above 0: current value is 2.5",
    ],
    [
      () => exponentialSchedule(1, 0),
      RangeError,
      "Cannot make a schedule as the factor must be positive: current value is 0",
    ],
    [
      () => warmUpSchedule(0, constantSchedule(1)),
      RangeError,
      "Cannot make a schedule as the number of steps must be an integer above 0: current value is 0",
    ],
  ];
  for (const [make, kind, message] of refused) assertEquals(assertThrows(make, kind).message, message);
});
