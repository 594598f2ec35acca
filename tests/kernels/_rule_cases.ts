import fc from "../_fast_check.ts";
import type { RuleCase } from "../../kernels/_rule_check.ts";
import { columns, seed } from "./_assert_checks.ts";

/** Random tables, gradients and options of an update kernel that keeps one moment at most. */
export const ruleCases: fc.Arbitrary<RuleCase> = fc.record({
  seed,
  columns,
  rows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 200, max: 600 })),
  firstRow: fc.integer({ min: 0, max: 9 }),
  panel: fc.constantFrom(1, 2, 8, 1024),
  sparse: fc.boolean(),
  scaled: fc.boolean(),
  clip: fc.constantFrom(undefined, "norm", "value"),
  nonFinite: fc.constantFrom(false, false, false, true),
  direct: fc.boolean(),
  step: fc.constantFrom(1, 3, 4_000_000_000),
  weightDecay: fc.constantFrom(0, 0.01, 1),
  // What a limit makes of a NaN is the device's affair: it is reported as the gradient's
}).filter(({ clip, nonFinite }) => !(clip === "value" && nonFinite));

/** Rows of more quads than a workgroup has threads. */
export const wideCase: RuleCase = {
  seed: 1,
  rows: 12,
  columns: 1030,
  firstRow: 1,
  panel: 1024,
  sparse: true,
  scaled: true,
  nonFinite: false,
  direct: true,
  step: 2,
  weightDecay: 0.01,
};
