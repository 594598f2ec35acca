import type { ModelWeights, Weight } from "../nn/parameters.ts";
import type { LossSoFar } from "../models/trained_weights.ts";
import { shown } from "../options.ts";
import type { RankingMetrics } from "../recommend/metrics.ts";
import { decodeChecked, encodeChecked } from "../checked_safetensors.ts";
import type { SafetensorsTensor } from "../safetensors.ts";

/** The best epoch so far by the metric that picks it. */
export interface BestEpoch {
  /** Weights after that epoch. */
  readonly weights: ModelWeights;
  /** That epoch; 0 is before training. */
  readonly bestEpoch: number;
  /** Validation at that epoch. */
  readonly valid: RankingMetrics;
}

/** How far a run is in the middle of an epoch. */
export interface EpochPart {
  /** Steps of the epoch that were taken. */
  readonly steps: number;
  /** Their loss. */
  readonly loss: LossSoFar;
}

/** All that a training run goes on from, to the bit: every draw depends on the seed and the epoch alone. */
export interface Checkpoint {
  /** Epochs trained. */
  readonly epoch: number;
  /** How far the next epoch is; null between two epochs. */
  readonly part: EpochPart | null;
  /** What the model saved. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** The best epoch so far. */
  readonly best: BestEpoch;
}

const FORMAT = "sevo-checkpoint-2";

/**
 * Writes a checkpoint as the bytes of a safetensors file with a checksum.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { mfBpr } from "@sevo/sevo/models";
 * import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, generatedDataset, train } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 }), saved: Checkpoint[] = [];
 * const settings = { dimension: 8, epochs: 2, batch: 32, evalEvery: 1 };
 * await train(device, dataset, mfBpr, settings, { onCheckpoint: (checkpoint) => void saved.push(checkpoint) });
 * assertEquals(decodeCheckpoint(encodeCheckpoint(saved[0]!)), saved[0]);
 * ```
 *
 * @param checkpoint The checkpoint.
 * @returns The bytes.
 */
export function encodeCheckpoint({ epoch, part, model, best }: Checkpoint): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, SafetensorsTensor> = {};
  tensors.model = { data: model, shape: [model.length] };
  for (const [name, table] of Object.entries(best.weights)) tensors[`best.${name}`] = table;
  const { bestEpoch, valid } = best;
  const metadata = {
    format: FORMAT,
    epoch: `${epoch}`,
    part: JSON.stringify(part),
    best: JSON.stringify({ bestEpoch, valid }),
  };
  return encodeChecked({ tensors, metadata });
}

/**
 * Reads the bytes of a checkpoint.
 *
 * @example
 * ```ts
 * import { decodeCheckpoint } from "@sevo/sevo/training";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => decodeCheckpoint(new TextEncoder().encode("no checkpoint")), SyntaxError);
 * ```
 *
 * @param bytes The bytes.
 * @returns The checkpoint.
 * @throws {SyntaxError} If the bytes are not a checkpoint, or are damaged.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = decodeChecked(bytes, { format: FORMAT, action: "Cannot read a checkpoint" });
  const epoch = Number(metadata.epoch || NaN);
  if (!isEpoch(epoch)) throw fail(`it has no epoch: current value is '${metadata.epoch}'`);
  let model: Uint8Array<ArrayBuffer> | undefined;
  const weights: [name: string, Weight][] = [];
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (name === "model" && data instanceof Uint8Array) {
      model = data as Uint8Array<ArrayBuffer>;
    } else if (name.startsWith("best.") && data instanceof Float32Array) {
      weights.push([name.slice("best.".length), { data, shape }]);
    } else {
      throw fail(`it has a tensor of another kind: '${name}'`);
    }
  }
  if (!model) throw fail("it has no state of the optimizer");
  if (weights.length === 0) throw fail("it has no weights of the best epoch");
  const best = parsed(metadata.best);
  if (best === undefined) throw fail("its best epoch is not readable");
  const { bestEpoch, valid } = { ...best as { bestEpoch?: unknown; valid?: unknown } };
  if (!isEpoch(bestEpoch) || bestEpoch > epoch) {
    throw fail(`its best epoch must be one of its ${epoch}: current value is ${shown(bestEpoch)}`);
  }
  if (!isRankingMetrics(valid)) throw fail("it has no metrics of the best epoch");
  const part = parsed(metadata.part);
  if (part !== null && !isPart(part)) throw fail("its place in the epoch is not readable");
  return { epoch, part, model, best: { weights: Object.fromEntries(weights), bestEpoch, valid } };
}

function isPart(value: unknown): value is EpochPart {
  const { steps, loss } = { ...value as { steps?: unknown; loss?: { total?: unknown; steps?: unknown } } };
  return isEpoch(steps) && Number.isFinite(loss?.total) && loss?.steps === steps;
}

/**
 * Checks that a checkpoint is of a model: that its best weights have the names and shapes of those that the model has.
 *
 * @param checkpoint The checkpoint.
 * @param weights Weights of the model.
 * @throws {SyntaxError} If it is not of the model.
 */
export function checkCheckpoint({ best }: Checkpoint, weights: ModelWeights): void {
  const other = (why: string) => new SyntaxError(`Cannot go on from the checkpoint as it is of another model: ${why}`);
  for (const [name, { shape }] of Object.entries(weights)) {
    const found = Object.hasOwn(best.weights, name) ? best.weights[name]!.shape : null;
    if (found === null) throw other(`its best weights have no '${name}'`);
    if (`${found}` !== `${shape}`) throw other(`'${name}' must have shape [${shape}]: current value is [${found}]`);
  }
  const more = Object.keys(best.weights).find((name) => !Object.hasOwn(weights, name));
  if (more !== undefined) throw other(`the model has no '${more}'`);
}

/**
 * Whether a value read from a file is metrics of a ranking: a count of users, and averages.
 *
 * @param value The value.
 * @returns Whether it is.
 */
export function isRankingMetrics(value: unknown): value is RankingMetrics {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { users, ...averages } = value as Readonly<Record<string, unknown>>;
  return isEpoch(users) && Object.hasOwn(averages, "mrr") &&
    Object.values(averages).every((average) => Number.isFinite(average) && average as number >= 0);
}

/** JSON of the metadata; undefined where it is none. */
function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function isEpoch(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function fail(why: string): SyntaxError {
  return new SyntaxError(`Cannot read a checkpoint as ${why}`);
}
