import { defineKernel } from "../../src/device/kernel.ts";
import wgsl from "./bpr.wgsl" with { type: "text" };

/**
 * Loss and gradient rows of matrix factorisation under Bayesian personalised ranking (Rendle et al., UAI 2009). For
 * sample b with user u, positive p and negative n: losses[b] = softplus(u.n - u.p), and the gradient of the batch's
 * mean loss is, row by row, userGradient[b] for u, itemGradient[b] for p and itemGradient[samples + b] for n.
 * `firstUser` and `firstItem` are where the tables start in their stacks.
 */
export const bpr = defineKernel({
  name: "bpr",
  bindings: {
    userTable: { type: "vec4f", access: "read" },
    itemTable: { type: "vec4f", access: "read" },
    users: { type: "u32", access: "read" },
    positives: { type: "u32", access: "read" },
    negatives: { type: "u32", access: "read" },
    userGradient: { type: "vec4f", access: "write" },
    itemGradient: { type: "vec4f", access: "write" },
    losses: { type: "f32", access: "write" },
  },
  params: { samples: "u32", quads: "u32", firstUser: "u32", firstItem: "u32" },
  wgsl,
  shape: ({ samples }) => ({ items: samples, grain: 128, workgroups: Math.ceil(samples / 16) }),
});
