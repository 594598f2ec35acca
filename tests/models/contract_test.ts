import { PairSampler } from "../../src/data/pair_sampler.ts";
import { MfBpr } from "../../src/models/mod.ts";
import { testContract } from "./_contract.ts";

testContract({
  name: "mf_bpr",
  initialWeights: ({ userCount, itemCount }, dimension, seed) =>
    MfBpr.initialWeights(userCount, itemCount, dimension, seed),
  create: (device, weights, { options, graph }) =>
    new MfBpr(device, weights, { options, smoothing: graph && { over: "item", graph } }),
  batches: (dataset, seed, epoch, size) => new PairSampler(dataset, seed).batches(epoch, size),
  goldenBatch: ({ data }, prefix) => ({
    users: Uint32Array.from(data(`${prefix}.users`)),
    positives: Uint32Array.from(data(`${prefix}.positives`)),
    negatives: Uint32Array.from(data(`${prefix}.negatives`)),
  }),
  scored: (model, work) => work((model as MfBpr).queries, (model as MfBpr).items),
});
