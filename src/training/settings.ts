import type { SevoOptions } from "../sevo/options.ts";

/** Rules by the names of `--optimizer`; those that begin with `sevo-` smooth over the graph. */
export const OPTIMIZERS = ["sevo-adamw", "adamw", "sevo-adam", "adam", "sevo-sgd", "sgd"] as const;

/** Graphs by the names of `--graph`. */
export const GRAPHS = ["item", "user-item"] as const;

/** Everything that a training run depends on besides the dataset. */
export interface TrainingSettings {
  /** The model. */
  readonly model: "mf-bpr";
  /** The rule, smoothed or plain. */
  readonly optimizer: typeof OPTIMIZERS[number];
  /** What the smoothed tables are smoothed over: items that follow each other, or users and their items. */
  readonly graph: typeof GRAPHS[number];
  /** How the direction is smoothed. */
  readonly propagation: "neumann" | "iterative" | "exact";
  /** Weight of the graph, in [0, 1). */
  readonly beta: number;
  /** Layers of propagation. */
  readonly layers: number;
  /** `item` graph: longest distance at which two items of a sequence are related. */
  readonly maxWalk: number;
  /** `item` graph: only the last so many items of a sequence count. */
  readonly last: number;
  /** Embedding width. */
  readonly dimension: number;
  /** Step size. */
  readonly learningRate: number;
  /** Decay rates of the moments. */
  readonly betas: readonly [number, number];
  /** Weight decay. */
  readonly weightDecay: number;
  /** sgd: momentum. */
  readonly momentum: number;
  /** Number of epochs. */
  readonly epochs: number;
  /** Samples of a step. */
  readonly batch: number;
  /** Epochs from one validation to the next. */
  readonly evalEvery: number;
  /** An integer in [0, 2^32) that every draw depends on. */
  readonly seed: number;
}

/** Settings of the published MF-BPR runs on Amazon Beauty. */
export const PUBLISHED_MF_BPR: TrainingSettings = {
  model: "mf-bpr",
  optimizer: "sevo-adamw",
  graph: "item",
  propagation: "neumann",
  beta: 0.9,
  layers: 3,
  maxWalk: 1,
  last: 50,
  dimension: 64,
  learningRate: 1e-3,
  betas: [0.9, 0.999],
  weightDecay: 0.1,
  momentum: 0.9,
  epochs: 1000,
  batch: 2048,
  evalEvery: 5,
  seed: 1,
};

/**
 * Checks the numbers of settings that the optimizer does not check itself.
 *
 * @param settings The settings.
 * @throws {RangeError} If one is out of range.
 */
export function checkSettings(settings: TrainingSettings): void {
  const least = { dimension: 1, epochs: 0, batch: 1, evalEvery: 1, seed: 0, maxWalk: 1, last: 1 } as const;
  for (const [name, bound] of Object.entries(least)) {
    const value = settings[name as keyof typeof least];
    if (!Number.isInteger(value) || value < bound || value >= 2 ** 32) {
      throw new RangeError(
        `Cannot train as ${name} must be an integer in [${bound}, 2^32): current value is ${value}`,
      );
    }
  }
}

/**
 * Whether the optimizer smooths over a graph.
 *
 * @param settings The settings.
 * @returns Whether it does.
 */
export function isSmoothed({ optimizer }: Pick<TrainingSettings, "optimizer">): boolean {
  return optimizer.startsWith("sevo-");
}

/**
 * The update rule of an optimizer, smoothed or plain.
 *
 * @param settings The settings.
 * @returns The rule.
 */
export function ruleOf({ optimizer }: Pick<TrainingSettings, "optimizer">): SevoOptions["rule"] {
  return optimizer.replace("sevo-", "") as SevoOptions["rule"];
}

/**
 * The options of the optimizer that settings ask for.
 *
 * @param settings The settings.
 * @returns Options for `sevoInit`.
 */
export function optimizerOptions(settings: TrainingSettings): SevoOptions {
  const { propagation: mode, beta, layers, learningRate, betas, weightDecay, momentum } = settings;
  const rule = ruleOf(settings);
  return {
    rule,
    learningRate,
    weightDecay,
    propagation: isSmoothed(settings) ? { mode, beta, layers } : null,
    ...rule === "sgd" ? { momentum } : { betas },
  };
}
