/**
 * The self-check of every kernel: a handful of launches on random inputs, compared with float64 oracles. What
 * `deno task doctor` runs on a machine, and what the tests run on many more cases.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { kernelChecks } from "./checks.ts";
 *
 * await using device = await openDevice("cpu");
 * for (const { kernel, cases } of kernelChecks) {
 *   for (const check of cases) {
 *     const { worst, detail } = await check(device);
 *     if (!(worst <= 1)) throw new Error(`Kernel ${kernel} is wrong: ${detail}`);
 *   }
 * }
 * ```
 *
 * @module
 */
import { type CheckResult, checksOf, type KernelCheck } from "./_check.ts";
import { adamCases, checkAdam } from "./adam/check.ts";
import { blendCases, checkBlend } from "./blend/check.ts";
import { bprCases, checkBpr } from "./bpr/check.ts";
import {
  checkSoftmaxGradient,
  checkSoftmaxNormaliser,
  checkSoftmaxPartials,
  checkSumChunks,
  softmaxCases,
} from "./catalogue_softmax/check.ts";
import {
  cgScalarsCases,
  checkCgDirection,
  checkCgScalars,
  checkCgStep,
  checkColumnDots,
  matrixCases,
} from "./conjugate_gradient/check.ts";
import { checkPropagate, propagateCases } from "./propagate/check.ts";
import { checkPackPanels, checkRankTargets, checkTopItems, packCases, rankCases, topCases } from "./score/check.ts";
import { checkSgd, sgdCases } from "./sgd/check.ts";
import { checkSum, sumCases } from "./sum/check.ts";

export type { CheckResult, KernelCheck };

/** Every kernel with the launches that check it. */
export const kernelChecks: readonly KernelCheck[] = [
  checksOf("propagate", checkPropagate, propagateCases),
  checksOf("adam", checkAdam, adamCases),
  checksOf("sgd", checkSgd, sgdCases),
  checksOf("blend", checkBlend, blendCases),
  checksOf("columnDots", checkColumnDots, matrixCases),
  checksOf("cgScalars", checkCgScalars, cgScalarsCases),
  checksOf("cgStep", checkCgStep, matrixCases),
  checksOf("cgDirection", checkCgDirection, matrixCases),
  checksOf("bpr", checkBpr, bprCases),
  checksOf("sum", checkSum, sumCases),
  checksOf("packPanels", checkPackPanels, packCases),
  checksOf("rankTargets", checkRankTargets, rankCases),
  checksOf("topItems", checkTopItems, topCases),
  checksOf("softmaxPartials", checkSoftmaxPartials, softmaxCases),
  checksOf("softmaxNormaliser", checkSoftmaxNormaliser, softmaxCases),
  checksOf("softmaxGradient", checkSoftmaxGradient, softmaxCases),
  checksOf("sumChunks", checkSumChunks, softmaxCases),
];
