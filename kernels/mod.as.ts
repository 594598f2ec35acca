// Everything the cpu device can launch: one WebAssembly module.
export { adam } from "./adam/adam.as";
export { blend } from "./blend/blend.as";
export { bpr } from "./bpr/bpr.as";
export {
  softmaxGradient,
  softmaxNormaliser,
  softmaxPartials,
  sumChunks,
} from "./catalogue_softmax/catalogue_softmax.as";
export { cgDirection, cgScalars, cgStep, columnDots } from "./conjugate_gradient/conjugate_gradient.as";
export { propagate } from "./propagate/propagate.as";
export { packPanels, rankTargets, topItems } from "./score/score.as";
export { sgd } from "./sgd/sgd.as";
export { sum } from "./sum/sum.as";
