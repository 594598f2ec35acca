import type { Provenance, SourceFile } from "../data/dataset.ts";
import { datasetName } from "../data/dataset_name.ts";

/** The counts that a dataset has. */
const COUNTS = ["users", "items", "interactions", "train", "valid", "test"] as const;

/**
 * Reads where a dataset comes from, as a model file says it.
 *
 * @param value What the file says.
 * @returns It, or null where it is not that.
 */
export function provenanceIn(value: unknown): Provenance | null {
  if (!isRecord(value)) return null;
  const { schemaVersion, name, createdBy, options, counts, summary } = value;
  const source = [value.source ?? []].flat();
  if (!isCount(schemaVersion) || typeof name !== "string" || typeof createdBy !== "string") return null;
  if (!isRecord(options) || !isRecord(counts) || !(summary === undefined || isRecord(summary))) return null;
  if (!COUNTS.every((key) => Object.hasOwn(counts, key) && isCount(counts[key])) || !source.every(isSource)) {
    return null;
  }
  return {
    schemaVersion,
    name: datasetName(name),
    createdBy,
    source,
    options,
    counts: Object.fromEntries(COUNTS.map((key) => [key, counts[key]])) as Provenance["counts"],
    ...summary && { summary },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function isSource(value: unknown): value is SourceFile {
  return isRecord(value) && typeof value.file === "string" && isCount(value.bytes) && typeof value.sha256 === "string";
}
