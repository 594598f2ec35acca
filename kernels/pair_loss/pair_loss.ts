import { defineKernel } from "../../src/device/kernel.ts";
import { pairLossWgsl } from "../wgsl.generated.ts";

/**
 * Loss and gradient rows of a pair of dot products: of sample b with query row u, positive item p and negative item n.
 * With `pointwise` 0 it is Bayesian personalised ranking (Rendle et al., UAI 2009): losses[b] = softplus(u.n - u.p);
 * with 1 the binary cross-entropy of both: losses[b] = softplus(-u.p) + softplus(u.n). The gradient of the batch's mean
 * loss is, row by row, userGradient[b] for u, itemGradient[firstGradient + b] for p and
 * itemGradient[firstGradient + samples + b] for n; other rows of it stay. `firstUser` and `firstItem` are where the
 * tables start in their stacks. Where `indexed` is 0, `users` is not used: u is row firstUser + b.
 */
export const pairLoss = defineKernel({
  name: "pairLoss",
  bindings: {
    userTable: { type: "vec4f", access: "read" },
    itemTable: { type: "vec4f", access: "read" },
    users: { type: "u32", access: "read" },
    positives: { type: "u32", access: "read" },
    negatives: { type: "u32", access: "read" },
    userGradient: { type: "vec4f", access: "write" },
    itemGradient: { type: "vec4f", access: "update" },
    losses: { type: "f32", access: "write" },
  },
  params: {
    samples: "u32",
    quads: "u32",
    firstUser: "u32",
    firstItem: "u32",
    pointwise: "u32",
    indexed: "u32",
    firstGradient: "u32",
  },
  wgsl: pairLossWgsl,
  shape: ({ samples }) => ({ items: samples, grain: 128, workgroups: Math.ceil(samples / 16) }),
});
