import type { OptimizerName } from "../../src/models/training_settings.ts";

/** One training run of the reproduction. */
export interface Experiment {
  /** Folder of the prepared dataset, and of its config files. */
  readonly dataset: "beauty" | "toys" | "ml-1m";
  /** The model. */
  readonly model: "mf-bpr" | "sasrec" | "gru4rec" | "bert4rec" | "stosa";
  /** The rule. */
  readonly optimizer: OptimizerName;
  /** The seed. */
  readonly seed: number;
  /** Epochs; all of the published ones if omitted. */
  readonly epochs?: number;
}

/** A published point of a learning curve: over five seeds. */
export interface CurvePoint {
  /** Epochs trained. */
  readonly epoch: number;
  /** Least and greatest validation NDCG@10. */
  readonly valid: readonly [least: number, greatest: number];
  /** Mean training loss of the epoch. */
  readonly loss: number;
}

/** A published result. */
export interface PublishedTest {
  /** Mean test NDCG@10. */
  readonly mean: number;
  /** Its sample standard deviation over five seeds; null where only the mean was published. */
  readonly deviation: number | null;
}

/** All runs, the shortest first. */
export const EXPERIMENTS: readonly Experiment[] = [
  { dataset: "toys", model: "sasrec", optimizer: "sevo-adamw", seed: 1, epochs: 50 },
  { dataset: "ml-1m", model: "sasrec", optimizer: "sevo-adamw", seed: 1, epochs: 50 },
  { dataset: "beauty", model: "sasrec", optimizer: "sevo-adamw", seed: 1 },
  { dataset: "beauty", model: "sasrec", optimizer: "adamw", seed: 1 },
  { dataset: "beauty", model: "sasrec", optimizer: "sevo-adamw", seed: 2 },
  { dataset: "beauty", model: "sasrec", optimizer: "adamw", seed: 2 },
  { dataset: "beauty", model: "stosa", optimizer: "sevo-adamw", seed: 1 },
  { dataset: "beauty", model: "gru4rec", optimizer: "sevo-adamw", seed: 1 },
  { dataset: "beauty", model: "bert4rec", optimizer: "sevo-adamw", seed: 1 },
];

const CURVES: { readonly [run: string]: readonly CurvePoint[] } = {
  "beauty sasrec": [
    { epoch: 5, valid: [0.0125, 0.0149], loss: 1.017 },
    { epoch: 10, valid: [0.0191, 0.0202], loss: 0.851 },
    { epoch: 25, valid: [0.0355, 0.0375], loss: 0.559 },
    { epoch: 50, valid: [0.0437, 0.0457], loss: 0.341 },
  ],
  "toys sasrec": [
    { epoch: 5, valid: [0.0143, 0.0164], loss: 1.078 },
    { epoch: 10, valid: [0.0226, 0.0252], loss: 0.871 },
    { epoch: 25, valid: [0.0362, 0.0370], loss: 0.561 },
    { epoch: 50, valid: [0.0476, 0.0492], loss: 0.342 },
  ],
  "ml-1m sasrec": [
    { epoch: 5, valid: [0.0262, 0.0310], loss: 0.902 },
    { epoch: 10, valid: [0.0556, 0.0583], loss: 0.740 },
    { epoch: 25, valid: [0.0900, 0.0951], loss: 0.546 },
    { epoch: 50, valid: [0.1178, 0.1257], loss: 0.463 },
  ],
  "beauty gru4rec": [
    { epoch: 5, valid: [0.0123, 0.0134], loss: 0.358 },
    { epoch: 10, valid: [0.0184, 0.0196], loss: 0.274 },
    { epoch: 25, valid: [0.0217, 0.0240], loss: 0.188 },
    { epoch: 50, valid: [0.0235, 0.0276], loss: 0.140 },
  ],
  "beauty bert4rec": [
    { epoch: 5, valid: [0.0101, 0.0115], loss: 8.639 },
    { epoch: 10, valid: [0.0161, 0.0171], loss: 8.345 },
    { epoch: 25, valid: [0.0253, 0.0274], loss: 7.955 },
    { epoch: 50, valid: [0.0372, 0.0390], loss: 7.618 },
  ],
  "beauty stosa": [
    { epoch: 5, valid: [0.0257, 0.0293], loss: 0.456 },
    { epoch: 10, valid: [0.0364, 0.0378], loss: 0.330 },
    { epoch: 25, valid: [0.0433, 0.0441], loss: 0.217 },
    { epoch: 50, valid: [0.0465, 0.0474], loss: 0.159 },
  ],
};

const TESTS: { readonly [run: string]: PublishedTest } = {
  "beauty sasrec sevo-adamw": { mean: 0.0411, deviation: 0.0013 },
  "beauty sasrec adamw": { mean: 0.0352, deviation: null },
  "beauty gru4rec sevo-adamw": { mean: 0.0273, deviation: 0.0012 },
  "beauty bert4rec sevo-adamw": { mean: 0.0430, deviation: 0.0005 },
  "beauty stosa sevo-adamw": { mean: 0.0457, deviation: 0.0007 },
};

/**
 * The published learning curve that a run follows: logs of MTandHJ/SEvo.
 *
 * @param experiment The run.
 * @returns Its points; none for the plain rule, whose logs were not published.
 */
export function publishedCurve({ dataset, model, optimizer }: Experiment): readonly CurvePoint[] {
  return optimizer === "sevo-adamw" ? CURVES[`${dataset} ${model}`] ?? [] : [];
}

/**
 * The published result of a full run: SEvo's Table 2 and Figure 3a, and its logs.
 *
 * @param experiment The run.
 * @returns The result, or null for a run that ends early.
 */
export function publishedTest({ dataset, model, optimizer, epochs }: Experiment): PublishedTest | null {
  return epochs === undefined ? TESTS[`${dataset} ${model} ${optimizer}`] ?? null : null;
}
