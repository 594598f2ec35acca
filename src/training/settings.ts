import type { SevoOptions } from "../sevo/options.ts";

/** Rules by the names of `--optimizer`; those that begin with `sevo-` smooth over the graph. */
export const OPTIMIZERS = ["sevo-adamw", "adamw", "sevo-adam", "adam", "sevo-sgd", "sgd"] as const;

/** Graphs by the names of `--graph`. */
export const GRAPHS = ["item", "user-item"] as const;

/** Models by the names of `--model`. */
export const MODELS = ["mf-bpr", "sasrec", "gru4rec", "bert4rec", "stosa"] as const;

/** Everything that a training run depends on besides the dataset. */
export interface TrainingSettings {
  /** The model. */
  readonly model: typeof MODELS[number];
  /** The rule, smoothed or plain. */
  readonly optimizer: typeof OPTIMIZERS[number];
  /** What the smoothed tables are smoothed over: items that follow each other, or, mf-bpr alone, users and their items. */
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
  /** Sequence models: the last so many items of a sequence are seen. */
  readonly maxLength: number;
  /** sasrec, bert4rec, stosa: blocks of attention and feed-forward layers. */
  readonly blocks: number;
  /** sasrec, bert4rec, stosa: heads of attention. */
  readonly heads: number;
  /** Sequence models: probability of dropping an element of an embedding or a hidden state. */
  readonly dropout: number;
  /** stosa: probability of dropping a weight of attention, for which the others have `dropout`. */
  readonly attentionDropout: number;
  /** bert4rec: probability of hiding an item. */
  readonly maskRate: number;
  /** stosa: weight of the loss that keeps positives nearer to the sequence than to negatives. */
  readonly pvn: number;
  /** stosa: whether means are attended, as its paper has it and the published numbers do not. */
  readonly attendedMean: boolean;
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
  /** Validations without a better one after which training ends; 0 for never. */
  readonly patience: number;
  /** An integer in [0, 2^32) that every draw depends on. */
  readonly seed: number;
}

/** What the published runs have in common. */
const COMMON = {
  optimizer: "sevo-adamw",
  graph: "item",
  propagation: "neumann",
  beta: 0.99,
  layers: 3,
  maxWalk: 1,
  last: 50,
  dimension: 64,
  maxLength: 50,
  blocks: 2,
  heads: 1,
  dropout: 0,
  attentionDropout: 0,
  maskRate: 0.5,
  pvn: 0.005,
  attendedMean: false,
  learningRate: 1e-3,
  betas: [0.9, 0.999],
  weightDecay: 0.1,
  momentum: 0.9,
  evalEvery: 5,
  patience: 0,
  seed: 1,
} as const;

/** Settings of the published runs on Amazon Beauty, by model. */
export const PUBLISHED: { readonly [Model in TrainingSettings["model"]]: TrainingSettings } = {
  "mf-bpr": { ...COMMON, model: "mf-bpr", beta: 0.9, epochs: 1000, batch: 2048 },
  "sasrec": { ...COMMON, model: "sasrec", dropout: 0.3, betas: [0.9, 0.98], epochs: 200, batch: 512 },
  "gru4rec": { ...COMMON, model: "gru4rec", dropout: 0.4, epochs: 300, batch: 512 },
  "bert4rec": {
    ...COMMON,
    model: "bert4rec",
    heads: 4,
    dropout: 0.2,
    betas: [0.9, 0.95],
    learningRate: 5e-4,
    epochs: 500,
    batch: 256,
  },
  "stosa": {
    ...COMMON,
    model: "stosa",
    maxLength: 100,
    last: 100,
    blocks: 1,
    heads: 4,
    dropout: 0.2,
    attentionDropout: 0.5,
    epochs: 500,
    batch: 256,
  },
};

/**
 * Checks the numbers of settings that the optimizer does not check itself.
 *
 * @param settings The settings.
 * @throws {RangeError} If one is out of range.
 */
export function checkSettings(settings: TrainingSettings): void {
  const least = {
    dimension: 1,
    epochs: 0,
    batch: 1,
    evalEvery: 1,
    patience: 0,
    seed: 0,
    maxWalk: 1,
    last: 1,
    maxLength: 1,
    blocks: 1,
    heads: 1,
  } as const;
  for (const [name, bound] of Object.entries(least)) {
    const value = settings[name as keyof typeof least];
    if (!Number.isInteger(value) || value < bound || value >= 2 ** 32) {
      throw new RangeError(
        `Cannot train as ${name} must be an integer in [${bound}, 2^32): current value is ${value}`,
      );
    }
  }
  for (const name of ["dropout", "attentionDropout"] as const) {
    const value = settings[name];
    if (value >= 0 && value < 1) continue;
    throw new RangeError(`Cannot train as ${name} must be in [0, 1): current value is ${value}`);
  }
  const { model, graph, maskRate, pvn } = settings;
  if (!(maskRate > 0 && maskRate <= 1)) {
    throw new RangeError(`Cannot train as maskRate must be in (0, 1]: current value is ${maskRate}`);
  }
  if (!(pvn >= 0 && pvn < Infinity)) {
    throw new RangeError(`Cannot train as pvn must be at least 0: current value is ${pvn}`);
  }
  if (graph === "user-item" && model !== "mf-bpr") {
    throw new RangeError(`Cannot train as ${model} has no table of users to smooth: graph must be 'item'`);
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
