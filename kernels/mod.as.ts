// Everything the cpu device can launch: one WebAssembly module.
export { adam } from "./adam/adam.as";
export { blend } from "./blend/blend.as";
export { cgDirection, cgScalars, cgStep, columnDots } from "./conjugate_gradient/conjugate_gradient.as";
export { gru, gruGradient } from "./gru/gru.as";
export { pairLoss } from "./pair_loss/pair_loss.as";
export { propagate } from "./propagate/propagate.as";
export { packPanels, rankTargets, topItems } from "./score/score.as";
export { sgd } from "./sgd/sgd.as";
export { sum } from "./sum/sum.as";
export { gaussianRows, wassersteinLoss } from "./wasserstein/wasserstein.as";
