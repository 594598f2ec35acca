import type { ModelWeights } from "../nn/parameters.ts";
import type { RankingMetrics } from "../recommend/metrics.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../safetensors.ts";

/** The best epoch so far by the metric that picks it. */
export interface BestEpoch {
  /** Weights after that epoch. */
  readonly weights: ModelWeights;
  /** That epoch; 0 is before training. */
  readonly bestEpoch: number;
  /** Validation at that epoch. */
  readonly valid: RankingMetrics;
}

/** All that a training run goes on from, to the bit: every draw depends on the seed and the epoch alone. */
export interface Checkpoint {
  /** Epochs trained. */
  readonly epoch: number;
  /** What the model saved. */
  readonly model: readonly Uint8Array<ArrayBuffer>[];
  /** The best epoch so far. */
  readonly best: BestEpoch;
}

const FORMAT = "sevo-checkpoint-1";

/**
 * Writes a checkpoint as the bytes of a safetensors file.
 *
 * @param checkpoint The checkpoint.
 * @returns The bytes.
 */
export function encodeCheckpoint({ epoch, model, best }: Checkpoint): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, SafetensorsTensor> = {};
  model.forEach((data, at) => tensors[`model.${at}`] = { data, shape: [data.length] });
  for (const [name, table] of Object.entries(best.weights)) tensors[`best.${name}`] = table;
  const { bestEpoch, valid } = best;
  const metadata = { format: FORMAT, epoch: `${epoch}`, best: JSON.stringify({ bestEpoch, valid }) };
  return encodeSafetensors({ tensors, metadata });
}

/**
 * Reads the bytes of a checkpoint.
 *
 * @param bytes The bytes.
 * @returns The checkpoint.
 * @throws {SyntaxError} If the bytes are not a checkpoint.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const fail = (why: string) => new SyntaxError(`Cannot read a checkpoint as ${why}`);
  if (metadata.format !== FORMAT) throw fail(`the file is of another format: current value is '${metadata.format}'`);
  const epoch = Number(metadata.epoch);
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw fail(`it has no epoch: current value is '${metadata.epoch}'`);
  const model: Uint8Array<ArrayBuffer>[] = [];
  const weights: Record<string, ModelWeights[string]> = {};
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (name.startsWith("model.") && data instanceof Uint8Array) {
      model.push(data as Uint8Array<ArrayBuffer>);
    } else if (name.startsWith("best.") && data instanceof Float32Array) {
      weights[name.slice("best.".length)] = { data, shape };
    } else {
      throw fail(`it has a tensor of another kind: '${name}'`);
    }
  }
  try {
    return { epoch, model, best: { weights, ...JSON.parse(metadata.best ?? "") } };
  } catch {
    throw fail("its best epoch is not readable");
  }
}
