/**
 * Schedules of a rate, as functions of the step, counted from 1: what `sevoStep` is given as `learningRate` (or as
 * `weightDecay` or `beta`) at step `state.step + 1`.
 *
 * @module
 */
import { checkType } from "../options.ts";

/** A rate for each step, counted from 1. */
export type Schedule = (step: number) => number;

const ACTION = "Cannot make a schedule";

/**
 * The same rate at every step.
 *
 * @example
 * ```ts
 * import { constantSchedule } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1, 500].map(constantSchedule(0.1)), [0.1, 0.1]);
 * ```
 *
 * @param rate The rate.
 * @returns The schedule.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is not finite.
 */
export function constantSchedule(rate: number): Schedule {
  checkRate("the rate", rate);
  return () => rate;
}

/**
 * From one rate to another in equal steps.
 *
 * @example
 * ```ts
 * import { linearSchedule } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = linearSchedule(1, 0, 5);
 * assertEquals([1, 2, 3, 4, 5, 6].map((step) => rate(step)), [1, 0.75, 0.5, 0.25, 0, 0]);
 * ```
 *
 * @param from The rate at step 1.
 * @param to The rate from step `steps` on.
 * @param steps Number of steps.
 * @returns The schedule.
 * @throws {TypeError} If an argument is no number.
 * @throws {RangeError} If a rate is not finite, or `steps` is no integer above 0.
 */
export function linearSchedule(from: number, to: number, steps: number): Schedule {
  return between(from, to, steps, (part) => part);
}

/**
 * From one rate to another along half a cosine (Loshchilov and Hutter, 2017, without restarts).
 *
 * @example
 * ```ts
 * import { cosineSchedule } from "@sevo/sevo";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const rate = cosineSchedule(1, 0, 101);
 * [[1, 1], [26, 0.8536], [51, 0.5], [101, 0]].forEach(([step, expected]) => assertAlmostEquals(rate(step!), expected!, 1e-4));
 * ```
 *
 * @param from The rate at step 1.
 * @param to The rate from step `steps` on.
 * @param steps Number of steps.
 * @returns The schedule.
 * @throws {TypeError} If an argument is no number.
 * @throws {RangeError} If a rate is not finite, or `steps` is no integer above 0.
 */
export function cosineSchedule(from: number, to: number, steps: number): Schedule {
  return between(from, to, steps, (part) => (1 - Math.cos(Math.PI * part)) / 2);
}

/**
 * A rate that is multiplied by a factor at every step.
 *
 * @example
 * ```ts
 * import { exponentialSchedule } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([1, 2, 3].map(exponentialSchedule(8, 0.5)), [8, 4, 2]);
 * ```
 *
 * @param from The rate at step 1.
 * @param factor The factor, positive.
 * @returns The schedule.
 * @throws {TypeError} If an argument is no number.
 * @throws {RangeError} If an argument is not finite, or the factor not positive.
 */
export function exponentialSchedule(from: number, factor: number): Schedule {
  checkRate("the first rate", from);
  checkRate("the factor", factor);
  if (!(factor > 0)) throw new RangeError(`${ACTION} as the factor must be positive: current value is ${factor}`);
  return (step) => from * factor ** (step - 1);
}

/**
 * Rises from near 0 to the first rate of another schedule, which begins then.
 *
 * @example
 * ```ts
 * import { constantSchedule, openDevice, sevoInit, sevoStep, warmUpSchedule } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * const rate = warmUpSchedule(4, constantSchedule(1));
 * assertEquals([1, 2, 3, 4, 5].map((step) => rate(step)), [0.25, 0.5, 0.75, 1, 1]);
 *
 * await using device = await openDevice("cpu");
 * const options = { rule: "sgd", learningRate: 1, propagation: null } as const;
 * let state = sevoInit(device, { item: { data: new Float32Array(1), shape: [1, 1] } }, options);
 * for (let step = 1; step <= 2; step++) {
 *   state = sevoStep(state, { item: new Float32Array([-1]) }, null, { learningRate: rate(state.step + 1) });
 * }
 * assertEquals([...(await state.read()).item], [0.75]);
 * ```
 *
 * @param steps Steps of the rise.
 * @param then The schedule after it; its step 1 is the last of the rise.
 * @returns The schedule.
 * @throws {TypeError} If `steps` is no number.
 * @throws {RangeError} If `steps` is no integer above 0.
 */
export function warmUpSchedule(steps: number, then: Schedule): Schedule {
  checkSteps(steps);
  return (step) => step <= steps ? then(1) * step / steps : then(step - steps + 1);
}

function between(from: number, to: number, steps: number, course: (part: number) => number): Schedule {
  checkRate("the first rate", from);
  checkRate("the last rate", to);
  checkSteps(steps);
  return (step) => step >= steps ? to : from + (to - from) * course((step - 1) / (steps - 1));
}

function checkRate(what: string, rate: number): void {
  checkType(ACTION, what, rate, "number");
  if (!Number.isFinite(rate)) throw new RangeError(`${ACTION} as ${what} must be finite: current value is ${rate}`);
}

function checkSteps(steps: number): void {
  checkType(ACTION, "the number of steps", steps, "number");
  if (Number.isSafeInteger(steps) && steps > 0) return;
  throw new RangeError(`${ACTION} as the number of steps must be an integer above 0: current value is ${steps}`);
}
