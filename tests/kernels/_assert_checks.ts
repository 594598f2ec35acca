import { assert } from "@std/assert";
import fc from "../_fast_check.ts";
import type { CheckResult } from "../../kernels/checks.ts";

/** Widths on both sides of what kernels cut by: quads, 32 and 64 columns, and none of these. */
export const columns: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 130 }),
  fc.constantFrom(1, 4, 31, 32, 33, 64, 65, 128, 130),
);

/** A seed for the numbers of a case. */
export const seed: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** Fails where an error is above its tolerance. */
export function assertPasses({ kernel, case: options, worst, detail }: CheckResult): void {
  assert(worst <= 1, `${kernel} is off by ${worst} tolerances: ${detail} (${options})`);
}

/** Runs a check on random cases: always the same ones, few enough to run on every change. */
export async function assertChecks<C>(
  cases: fc.Arbitrary<C>,
  check: (options: C) => Promise<CheckResult>,
  numRuns = 25,
): Promise<void> {
  await fc.assert(fc.asyncProperty(cases, async (options) => assertPasses(await check(options))), {
    seed: 2024,
    numRuns,
    // A case that fails on a GPU is small enough to read as it is
    endOnFailure: true,
  });
}
