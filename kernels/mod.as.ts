// Everything the cpu device can launch: one WebAssembly module.
export { activate, activateGradient } from "./activate/activate.as";
export { adagrad } from "./adagrad/adagrad.as";
export { adam } from "./adam/adam.as";
export { appendColumn } from "./append_column/append_column.as";
export { attention, attentionGradient } from "./attention/attention.as";
export { blend } from "./blend/blend.as";
export { clipFactor, squaredNorm } from "./clip/clip.as";
export { columnSums } from "./column_sums/column_sums.as";
export {
  softmaxGradient,
  softmaxNormaliser,
  softmaxPartials,
  sumChunks,
} from "./catalogue_softmax/catalogue_softmax.as";
export {
  cgDirection,
  cgFinish,
  cgScalars,
  cgStart,
  cgStep,
  columnDots,
  columnMaxima,
} from "./conjugate_gradient/conjugate_gradient.as";
export { embed, embedGradient } from "./embed/embed.as";
export { gaussianAttention, gaussianAttentionGradient } from "./gaussian_attention/gaussian_attention.as";
export { gru, gruGradient } from "./gru/gru.as";
export { layerNorm, layerNormGradient } from "./layer_norm/layer_norm.as";
export { lion } from "./lion/lion.as";
export { matmul } from "./matmul/matmul.as";
export { matmulGradient } from "./matmul/matmul_gradient.as";
export { pairLoss } from "./pair_loss/pair_loss.as";
export { propagate } from "./propagate/propagate.as";
export { packPanels, rankTargets } from "./rank_targets/rank_targets.as";
export { scatterRows } from "./scatter_rows/scatter_rows.as";
export { sgd } from "./sgd/sgd.as";
export { sum } from "./sum/sum.as";
export { topItems } from "./top_items/top_items.as";
export { gaussianRows, wassersteinLoss } from "./wasserstein/wasserstein.as";
