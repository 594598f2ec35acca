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
import { activate, activateGradient } from "./activate/activate.ts";
import { activateCases, checkActivate, checkActivateGradient } from "./activate/check.ts";
import { adam } from "./adam/adam.ts";
import { adagrad } from "./adagrad/adagrad.ts";
import { adagradCases, checkAdagrad } from "./adagrad/check.ts";
import { adamCases, checkAdam } from "./adam/check.ts";
import { appendColumn } from "./append_column/append_column.ts";
import { appendColumnCases, checkAppendColumn } from "./append_column/check.ts";
import { attention, attentionGradient } from "./attention/attention.ts";
import { attentionCases, checkAttention, checkAttentionGradient } from "./attention/check.ts";
import { blend } from "./blend/blend.ts";
import { blendCases, checkBlend } from "./blend/check.ts";
import {
  softmaxGradient,
  softmaxNormaliser,
  softmaxPartials,
  sumChunks,
} from "./catalogue_softmax/catalogue_softmax.ts";
import {
  checkSoftmaxGradient,
  checkSoftmaxNormaliser,
  checkSoftmaxPartials,
  checkSumChunks,
  softmaxCases,
} from "./catalogue_softmax/check.ts";
import { checkClipFactor, checkSquaredNorm, clipFactorCases, squaredNormCases } from "./clip/check.ts";
import { clipFactor, squaredNorm } from "./clip/clip.ts";
import { checkColumnSums, columnSumsCases } from "./column_sums/check.ts";
import { columnSums } from "./column_sums/column_sums.ts";
import {
  cgFinishCases,
  cgScalarsCases,
  checkCgDirection,
  checkCgFinish,
  checkCgScalars,
  checkCgStart,
  checkCgStep,
  checkColumnDots,
  checkColumnMaxima,
  matrixCases,
} from "./conjugate_gradient/check.ts";
import {
  cgDirection,
  cgFinish,
  cgScalars,
  cgStart,
  cgStep,
  columnDots,
  columnMaxima,
} from "./conjugate_gradient/conjugate_gradient.ts";
import { checkEmbed, checkEmbedGradient, embedCases } from "./embed/check.ts";
import { embed, embedGradient } from "./embed/embed.ts";
import { checkGaussianAttention, checkGaussianAttentionGradient, gaussianCases } from "./gaussian_attention/check.ts";
import { gaussianAttention, gaussianAttentionGradient } from "./gaussian_attention/gaussian_attention.ts";
import { checkGru, checkGruGradient, gruCases, gruGradientCases } from "./gru/check.ts";
import { gru, gruGradient } from "./gru/gru.ts";
import { checkLayerNorm, checkLayerNormGradient, layerNormCases } from "./layer_norm/check.ts";
import { layerNorm, layerNormGradient } from "./layer_norm/layer_norm.ts";
import { checkLion, lionCases } from "./lion/check.ts";
import { lion } from "./lion/lion.ts";
import { checkMatmul, checkMatmulGradient, matmulCases, matmulGradientCases } from "./matmul/check.ts";
import { matmul, matmulGradient } from "./matmul/matmul.ts";
import { checkPairLoss, pairLossCases } from "./pair_loss/check.ts";
import { pairLoss } from "./pair_loss/pair_loss.ts";
import { checkPropagate, propagateCases } from "./propagate/check.ts";
import { propagate } from "./propagate/propagate.ts";
import { checkPackPanels, checkRankTargets, packCases, rankCases } from "./rank_targets/check.ts";
import { packPanels, rankTargets } from "./rank_targets/rank_targets.ts";
import { checkScatterRows, scatterRowsCases } from "./scatter_rows/check.ts";
import { scatterRows } from "./scatter_rows/scatter_rows.ts";
import { checkSgd, sgdCases } from "./sgd/check.ts";
import { sgd } from "./sgd/sgd.ts";
import { checkSum, sumCases } from "./sum/check.ts";
import { sum } from "./sum/sum.ts";
import { checkTopItems, topCases } from "./top_items/check.ts";
import { topItems } from "./top_items/top_items.ts";
import { checkGaussianRows, checkWassersteinLoss, gaussianRowsCases, wassersteinCases } from "./wasserstein/check.ts";
import { gaussianRows, wassersteinLoss } from "./wasserstein/wasserstein.ts";

export type { CheckResult, KernelCheck };

/** Every kernel with the launches that check it. */
export const kernelChecks: readonly KernelCheck[] = [
  checksOf(propagate, checkPropagate, propagateCases),
  checksOf(adam, checkAdam, adamCases),
  checksOf(sgd, checkSgd, sgdCases),
  checksOf(lion, checkLion, lionCases),
  checksOf(adagrad, checkAdagrad, adagradCases),
  checksOf(appendColumn, checkAppendColumn, appendColumnCases),
  checksOf(blend, checkBlend, blendCases),
  checksOf(squaredNorm, checkSquaredNorm, squaredNormCases),
  checksOf(clipFactor, checkClipFactor, clipFactorCases),
  checksOf(scatterRows, checkScatterRows, scatterRowsCases),
  checksOf(columnMaxima, checkColumnMaxima, matrixCases),
  checksOf(cgStart, checkCgStart, matrixCases),
  checksOf(columnDots, checkColumnDots, matrixCases),
  checksOf(cgScalars, checkCgScalars, cgScalarsCases),
  checksOf(cgStep, checkCgStep, matrixCases),
  checksOf(cgDirection, checkCgDirection, matrixCases),
  checksOf(cgFinish, checkCgFinish, cgFinishCases),
  checksOf(pairLoss, checkPairLoss, pairLossCases),
  checksOf(wassersteinLoss, checkWassersteinLoss, wassersteinCases),
  checksOf(gaussianRows, checkGaussianRows, gaussianRowsCases),
  checksOf(gru, checkGru, gruCases),
  checksOf(gruGradient, checkGruGradient, gruGradientCases),
  checksOf(sum, checkSum, sumCases),
  checksOf(packPanels, checkPackPanels, packCases),
  checksOf(rankTargets, checkRankTargets, rankCases),
  checksOf(topItems, checkTopItems, topCases),
  checksOf(matmul, checkMatmul, matmulCases),
  checksOf(matmulGradient, checkMatmulGradient, matmulGradientCases),
  checksOf(embed, checkEmbed, embedCases),
  checksOf(embedGradient, checkEmbedGradient, embedCases),
  checksOf(activate, checkActivate, activateCases),
  checksOf(activateGradient, checkActivateGradient, activateCases),
  checksOf(layerNorm, checkLayerNorm, layerNormCases),
  checksOf(layerNormGradient, checkLayerNormGradient, layerNormCases),
  checksOf(columnSums, checkColumnSums, columnSumsCases),
  checksOf(attention, checkAttention, attentionCases),
  checksOf(attentionGradient, checkAttentionGradient, attentionCases),
  checksOf(gaussianAttention, checkGaussianAttention, gaussianCases),
  checksOf(gaussianAttentionGradient, checkGaussianAttentionGradient, gaussianCases),
  checksOf(softmaxPartials, checkSoftmaxPartials, softmaxCases),
  checksOf(softmaxNormaliser, checkSoftmaxNormaliser, softmaxCases),
  checksOf(softmaxGradient, checkSoftmaxGradient, softmaxCases),
  checksOf(sumChunks, checkSumChunks, softmaxCases),
];
