import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type Device, type Kernel, openDevice } from "@sevo/sevo";
import type { CheckResult } from "../../kernels/checks.ts";
import { adam } from "../../kernels/adam/adam.ts";
import { adamCases, checkAdam } from "../../kernels/adam/check.ts";
import { blend } from "../../kernels/blend/blend.ts";
import { blendCases, checkBlend } from "../../kernels/blend/check.ts";
import { bpr } from "../../kernels/bpr/bpr.ts";
import { bprCases, checkBpr } from "../../kernels/bpr/check.ts";
import {
  softmaxGradient,
  softmaxNormaliser,
  softmaxPartials,
  sumChunks,
} from "../../kernels/catalogue_softmax/catalogue_softmax.ts";
import {
  checkSoftmaxGradient,
  checkSoftmaxNormaliser,
  checkSoftmaxPartials,
  checkSumChunks,
  softmaxCases,
} from "../../kernels/catalogue_softmax/check.ts";
import {
  cgScalarsCases,
  checkCgDirection,
  checkCgScalars,
  checkCgStep,
  checkColumnDots,
  matrixCases,
} from "../../kernels/conjugate_gradient/check.ts";
import { cgDirection, cgScalars, cgStep, columnDots } from "../../kernels/conjugate_gradient/conjugate_gradient.ts";
import { checkPropagate, propagateCases } from "../../kernels/propagate/check.ts";
import { propagate } from "../../kernels/propagate/propagate.ts";
import {
  checkPackPanels,
  checkRankTargets,
  checkTopItems,
  packCases,
  rankCases,
  topCases,
} from "../../kernels/score/check.ts";
import { packPanels, rankTargets, topItems } from "../../kernels/score/score.ts";
import { checkSgd, sgdCases } from "../../kernels/sgd/check.ts";
import { sgd } from "../../kernels/sgd/sgd.ts";
import { checkSum, sumCases } from "../../kernels/sum/check.ts";
import { sum } from "../../kernels/sum/sum.ts";
import { webgpuAvailable } from "../_devices.ts";
import { testOnDevices } from "../_on_devices.ts";

/** A kernel with its check: runs all cases on a changed kernel and returns the worst error. */
interface Suspect {
  readonly name: string;
  readonly wgsl: string;
  readonly worst: (device: Device, change: { wgsl: string } | { shorten: true }) => Promise<number>;
}

function suspect<B extends string, P extends string, C>(
  kernel: Kernel<B, P>,
  check: (device: Device, options: C, kernel: Kernel<B, P>) => Promise<CheckResult>,
  cases: readonly C[],
): Suspect {
  return {
    name: kernel.name,
    wgsl: kernel.wgsl,
    worst: async (device, change) => {
      const changed: Kernel<B, P> = "wgsl" in change ? { ...kernel, wgsl: change.wgsl } : {
        ...kernel,
        shape: (scalars) => {
          const { items, grain, workgroups } = kernel.shape(scalars);
          return { items: items - 1, grain, workgroups: workgroups - 1 };
        },
      };
      let worst = 0;
      for (const options of cases) {
        worst = Math.max(worst, (await check(device, options, changed)).worst);
        if (worst > 1) break;
      }
      return worst;
    },
  };
}

const suspects = {
  propagate: suspect(propagate, checkPropagate, propagateCases),
  adam: suspect(adam, checkAdam, adamCases),
  sgd: suspect(sgd, checkSgd, sgdCases),
  blend: suspect(blend, checkBlend, blendCases),
  columnDots: suspect(columnDots, checkColumnDots, matrixCases),
  cgScalars: suspect(cgScalars, checkCgScalars, cgScalarsCases),
  cgStep: suspect(cgStep, checkCgStep, matrixCases),
  cgDirection: suspect(cgDirection, checkCgDirection, matrixCases),
  bpr: suspect(bpr, checkBpr, bprCases),
  sum: suspect(sum, checkSum, sumCases),
  packPanels: suspect(packPanels, checkPackPanels, packCases),
  rankTargets: suspect(rankTargets, checkRankTargets, rankCases),
  topItems: suspect(topItems, checkTopItems, topCases),
  softmaxPartials: suspect(softmaxPartials, checkSoftmaxPartials, softmaxCases),
  softmaxNormaliser: suspect(softmaxNormaliser, checkSoftmaxNormaliser, softmaxCases),
  softmaxGradient: suspect(softmaxGradient, checkSoftmaxGradient, softmaxCases),
  sumChunks: suspect(sumChunks, checkSumChunks, softmaxCases),
};

testOnDevices("sabotage: every check notices work left undone", async (device) => {
  for (const { name, worst } of Object.values(suspects)) {
    assert(await worst(device, { shorten: true }) > 1, `${name} was cut short and passed`);
  }
});

/** Slips that a person makes in WGSL: what the source says, and what it is changed to. */
const slips: readonly (readonly [kernel: keyof typeof suspects, from: string, to: string])[] = [
  ["propagate", "if (params.keep != 0.0) { result += params.keep * output[index]; }", ""],
  ["propagate", "let end = rowOffsets[row + 1u];", "let end = max(rowOffsets[row + 1u], begin + 1u) - 1u;"],
  ["propagate", "columns[begin] >= params.sourceRows", "columns[begin] > params.sourceRows"],
  ["adam", "vec4u(0x7fffffffu)", "vec4u(0xffffffffu)"],
  ["adam", "if (idle && params.direct == 0u && params.refresh == 0u) { return; }", ""],
  ["adam", "atomicOr(&busy[group], 1u)", "atomicOr(&busy[0], 1u)"],
  ["adam", "let at = (params.firstRow + row)", "let at = (row)"],
  ["adam", "if (params.coupled == 0u) {", "if (params.coupled == 1u) {"],
  ["sgd", "g += params.momentum * buffer;", "g = buffer;"],
  ["sgd", "at < offsets[row + 1u]", "at < max(offsets[row], 1u) - 1u"],
  ["blend", "var result = params.scale * input[index];", "var result = input[index];"],
  ["columnDots", "var group = 1u", "var group = 2u"],
  ["cgScalars", "let moves = open & (sum != vec4f(0.0));", "let moves = open;"],
  ["cgScalars", "params.tolerance * params.tolerance", "params.tolerance"],
  ["cgStep", "residual[at] - alpha", "residual[at] + alpha"],
  ["cgDirection", "index % params.quads", "0u"],
  ["bpr", "/ f32(params.samples)", ""],
  ["bpr", "max(difference, 0.0) + log", "log"],
  ["sum", "half > 0u", "half > 1u"],
  ["packPanels", "if (item < params.items)", "if (item <= params.items)"],
  ["rankTargets", "item < target_item", "item > target_item"],
  ["rankTargets", "from_column < params.width", "from_column + DEPTH <= params.width"],
  ["topItems", "item < other_item", "item > other_item"],
  ["topItems", " && !is_excluded(q, item)", ""],
  ["softmaxPartials", "if (item < last_item) {", "if (item <= last_item) {"],
  ["softmaxPartials", "let bias = parameters", "let bias = 0.0 * parameters"],
  ["softmaxPartials", "sums * exp(before - maxima)", "sums"],
  ["softmaxPartials", "half > 0u", "half > 1u"],
  ["softmaxNormaliser", " * exp(partials[at] - maximum)", ""],
  ["softmaxNormaliser", "labels[token]", "token"],
  ["softmaxGradient", "own == vec4u(labels[t])", "own == vec4u(labels[token])"],
  ["softmaxGradient", "1.0 / f32(params.tokens)", "1.0"],
  ["softmaxGradient", "if (item > begin) { sums[r] += workspace[to]; }", ""],
  ["softmaxGradient", "if (token > 0u) { sums[c] += tableGradient[to]; }", ""],
  ["softmaxGradient", "if (own[c] < last)", "if (own[c] <= last)"],
  ["sumChunks", "chunk < params.chunks", "chunk + 1u < params.chunks"],
];

Deno.test({
  name: "sabotage: every slip in a kernel's WGSL is noticed [webgpu]",
  ignore: !webgpuAvailable,
  fn: async () => {
    await using device = await openDevice("webgpu");
    const passed: string[] = [];
    for (const [kernel, from, to] of slips) {
      const { wgsl, worst } = suspects[kernel];
      const changed = wgsl.replaceAll(from, to);
      assertNotEquals(changed, wgsl, `${kernel} has no '${from}' any more: change this test along with it`);
      if (!(await worst(device, { wgsl: changed }) > 1)) passed.push(`${kernel}: '${from}' as '${to}'`);
    }
    assertEquals(passed, []);
  },
});
