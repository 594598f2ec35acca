import { z } from "zod";
import { NEIGHBOUR_BOUNDS } from "../graph/from_categories.ts";
import { GRAPH_BOUNDS } from "../graph/from_sequences.ts";
import { SEED } from "../options.ts";
import type { SevoOptions } from "../sevo/options.ts";
import { PROPAGATION_BOUNDS } from "../sevo/propagation_options.ts";
import { RULE_BOUNDS, type RuleName } from "../sevo/rule_options.ts";
import { bounded } from "./field.ts";

/** Update rules by name; those that begin with `sevo-` smooth over the graph. */
export const OPTIMIZERS = [
  "sevo-adamw",
  "adamw",
  "sevo-adam",
  "adam",
  "sevo-sgd",
  "sgd",
  "sevo-lion",
  "lion",
  "sevo-adagrad",
  "adagrad",
] as const;

/** The name of an update rule. */
export type OptimizerName = typeof OPTIMIZERS[number];

/** What every model that learns by gradients is trained with, besides its own settings. */
export interface TrainingSettings {
  /** The rule, smoothed or plain. */
  readonly optimizer: OptimizerName;
  /** Step size. */
  readonly learningRate: number;
  /** Weight decay. */
  readonly weightDecay: number;
  /** adam, adamw, lion: decay rate of the first moment; of lion, of the mean that its direction is the sign of. */
  readonly beta1: number;
  /** adam, adamw: decay rate of the second moment; lion: of the momentum that it keeps. */
  readonly beta2: number;
  /** sgd: momentum. */
  readonly momentum: number;
  /** sevo-adamw: whether rows without a gradient keep their moments. */
  readonly correction: boolean;
  /**
   * What the smoothed tables are smoothed over, one relation or several with commas between: `item` (items that follow
   * each other), `categories:COLUMN`, `nearest:TEACHER`, or, mf-bpr alone, `user-item`.
   */
  readonly graph: string;
  /** Weights of several relations, with commas between, or `equal`. */
  readonly graphWeights: string;
  /** `categories` and `nearest` graphs: to how many others an item is related at most, by each category or by the teacher. */
  readonly graphNeighbours: number;
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

/** A count that the host's typed arrays can hold. */
const count = (min: number) => bounded(z.int(), { min, max: 2 ** 32 - 1 });

const optimizer = (description: string) => ({ group: "Optimizer", description });
const graph = (description: string) => ({ group: "Graph", description });
const training = (description: string) => ({ group: "Training", description });

/** The settings of {@linkcode TrainingSettings}: type, bounds, default and description of each, declared here alone. */
export const trainingSchema = z.strictObject({
  optimizer: z.enum(OPTIMIZERS).default("sevo-adamw").meta(
    optimizer("Update rule; sevo-* smooths it over the graph"),
  ),
  learningRate: bounded(z.number(), RULE_BOUNDS.learningRate).default(1e-3).meta(
    optimizer("Step size; by default 10 for sgd, 0.0003 for lion and 0.03 for adagrad"),
  ),
  weightDecay: bounded(z.number(), RULE_BOUNDS.weightDecay).default(0.1).meta(
    optimizer(
      "Weight decay: decoupled for adamw and for lion, where it is 0.3 by default; for the others it is added to the " +
        "gradient, and 0 by default",
    ),
  ),
  beta1: bounded(z.number(), RULE_BOUNDS.betas).default(0.9).meta(
    optimizer("Decay rate of the first moment of adam and adamw, and of the mean that lion takes the sign of"),
  ),
  beta2: bounded(z.number(), RULE_BOUNDS.betas).default(0.999).meta(
    optimizer("Decay rate of the second moment of adam and adamw; of the momentum of lion, and 0.99 by default there"),
  ),
  momentum: bounded(z.number(), RULE_BOUNDS.momentum).default(0.9).meta(optimizer("Momentum of sgd")),
  correction: z.boolean().default(true).meta(
    optimizer("sevo-adamw: rows whose whole gradient is 0 keep their corrected moments, and so go on moving"),
  ),
  graph: z.string().default("item").meta(
    graph("Relations to smooth over, commas between: item, categories:COLUMN, nearest:RUN, or for mf-bpr user-item"),
  ),
  graphWeights: z.string().default("equal").meta(
    graph("Weights of these relations, such as 1,0.5; or equal"),
  ),
  graphNeighbours: bounded(z.int(), NEIGHBOUR_BOUNDS).default(10).meta(
    graph("categories and nearest: relate an item to so many others at most"),
  ),
  propagation: z.enum(["neumann", "iterative", "exact"]).default("neumann").meta(
    graph("How an update spreads over the graph"),
  ),
  beta: bounded(z.number(), PROPAGATION_BOUNDS.beta).default(0.99).meta(graph("Weight of the graph")),
  layers: bounded(z.int(), PROPAGATION_BOUNDS.layers).default(3).meta(graph("Layers of propagation")),
  maxWalk: bounded(z.int(), GRAPH_BOUNDS.maxWalk).default(1).meta(
    graph("Item graph: relate items up to this far apart in a sequence"),
  ),
  last: bounded(z.int(), GRAPH_BOUNDS.last).default(50).meta(
    graph("Item graph: use only the last so many items of a sequence"),
  ),
  epochs: count(0).default(200).meta(training("Epochs")),
  batch: count(1).default(512).meta(
    training("Samples, or users, of a step; fewer on small data without a preset"),
  ),
  evalEvery: count(1).default(5).meta(training("Epochs from one validation to the next")),
  patience: count(0).default(0).meta(
    training("End after so many validations without a better one; 0 for never; 10 on your own data without a preset"),
  ),
  seed: bounded(z.int(), SEED).default(1).meta(training("Seed of the initial weights, the samples and dropout")),
});

// The compiler checks here that the interface and the schema say the same
trainingSchema satisfies z.ZodType<TrainingSettings>;

/** What the rules have of their own; the rates of a model are those of AdamW. */
const RULE_PRESETS: Readonly<Record<RuleName, Partial<TrainingSettings>>> = {
  adamw: {},
  adam: { weightDecay: 0 },
  // The gradient of a mean loss is small in each row, and the step has to match
  sgd: { weightDecay: 0, learningRate: 10 },
  // A sign is longer than most directions of Adam: the paper takes a third to a tenth of its rate, and as many times the
  // decay, which keeps their product. A third, as a tenth has not come far after the epochs of the presets
  lion: { weightDecay: 0.3, learningRate: 3e-4, beta2: 0.99 },
  // The first step has the length of the rate, and all that follow are shorter
  adagrad: { weightDecay: 0, learningRate: 0.03 },
};

/**
 * What depends on the rule where it is not given.
 *
 * @param optimizer The rule.
 * @returns The settings that differ from those of AdamW.
 */
export function rulePreset(optimizer: OptimizerName): Partial<TrainingSettings> {
  return RULE_PRESETS[ruleOf({ optimizer })];
}

/**
 * Whether the optimizer smooths over a graph.
 *
 * @example
 * ```ts
 * import { isSmoothed } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([isSmoothed({ optimizer: "sevo-adamw" }), isSmoothed({ optimizer: "adamw" })], [true, false]);
 * ```
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
 * @example
 * ```ts
 * import { ruleOf } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ruleOf({ optimizer: "sevo-sgd" }), "sgd");
 * ```
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
 * @example
 * ```ts
 * import { optimizerOptions, resolveSettings, sasRec } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * const { rule, propagation } = optimizerOptions(resolveSettings(sasRec, { beta: 0.9 }));
 * assertEquals([rule, propagation], ["adamw", { mode: "neumann", beta: 0.9, layers: 3 }]);
 * ```
 *
 * @param settings The settings.
 * @returns Options for `sevoInit`.
 */
export function optimizerOptions(settings: TrainingSettings): SevoOptions {
  const { propagation: mode, beta, layers, learningRate, beta1, beta2, weightDecay, momentum, correction } = settings;
  const rule = ruleOf(settings);
  return {
    rule,
    learningRate,
    weightDecay,
    propagation: isSmoothed(settings) ? { mode, beta, layers } : null,
    ...rule === "sgd" ? { momentum } : rule === "adagrad" ? {} : { betas: [beta1, beta2] },
    ...settings.optimizer === "sevo-adamw" && { correction },
  };
}
