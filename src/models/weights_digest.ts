import { hexadecimal } from "../data/digest.ts";
import type { ModelWeights } from "../nn/parameters.ts";

/**
 * A digest of the weights of a model: equal for equal bits under equal names.
 *
 * @param weights The weights.
 * @returns SHA-256 in hexadecimal.
 */
export async function weightsDigest(weights: ModelWeights): Promise<string> {
  const names = Object.keys(weights).sort();
  const head = new TextEncoder().encode(JSON.stringify(names.map((name) => [name, weights[name]!.shape])));
  const parts = [head, ...names.map((name) => Float32Array.from(weights[name]!.data))];
  const digests = await Promise.all(parts.map((part) => crypto.subtle.digest("SHA-256", part)));
  return hexadecimal(await crypto.subtle.digest("SHA-256", await new Blob(digests).arrayBuffer()));
}
