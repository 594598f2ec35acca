import { decodeSafetensors, type SafetensorsData } from "../src/safetensors.ts";

/** One golden file: what it is called, its settings and its tensors. */
export interface GoldenCase {
  readonly name: string;
  readonly settings: { readonly [key: string]: unknown };
  readonly shape: (name: string) => readonly number[];
  /** Elements as float64; throws where the tensor is missing. */
  readonly data: (name: string) => Float64Array;
  readonly has: (name: string) => boolean;
}

function directory(): string {
  try {
    return Deno.env.get("SEVO_GOLDEN") ?? "tests/golden";
  } catch {
    return "tests/golden";
  }
}

/** All golden cases whose file name begins so; a directory without any is an error, not a pass. */
export function goldenCases(prefix: string): GoldenCase[] {
  const folder = directory();
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.startsWith(prefix) && name.endsWith(".safetensors")).sort();
  if (names.length === 0) {
    throw new Error(`Cannot find golden files ${prefix}*.safetensors: current directory is '${folder}'`);
  }
  return names.map((file) => goldenCase(file.replace(".safetensors", ""), Deno.readFileSync(`${folder}/${file}`)));
}

/** A golden case from the bytes of its file; needs nothing of Deno's. */
export function goldenCase(name: string, bytes: Uint8Array): GoldenCase {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const tensor = (key: string) => {
    const found = tensors[key];
    if (!found) throw new Error(`Cannot find tensor '${key}' in golden file '${name}'`);
    return found;
  };
  return {
    name,
    settings: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, JSON.parse(value)])),
    shape: (key) => tensor(key).shape,
    data: (key) => Float64Array.from(tensor(key).data as Exclude<SafetensorsData, BigInt64Array>),
    has: (key) => key in tensors,
  };
}

/** |actual - expected| / |expected| in the Euclidean norm over the whole tensor. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    throw new Error(`Cannot compare ${actual.length} with ${expected.length} elements`);
  }
  let difference = 0, norm = 0;
  for (let at = 0; at < expected.length; at++) {
    difference += (actual[at]! - expected[at]!) ** 2;
    norm += expected[at]! ** 2;
  }
  return norm === 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
}
