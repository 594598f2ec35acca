import { z } from "zod";
import { type Provenance, SCHEMA_VERSION, type SplitItems } from "../data/dataset.ts";
import { datasetName } from "../data/dataset_name.ts";
import { parseJson } from "../json.ts";
import { Fault } from "./_parquet.ts";

const count = z.int().min(0).max(2 ** 31 - 1);
const sourceSchema = z.object({
  file: z.string(),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/i, "expected 64 hexadecimal digits"),
});
const provenanceSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  name: z.string().nullish(),
  createdBy: z.string().nullish(),
  source: z.union([sourceSchema, z.array(sourceSchema)]).nullish(),
  options: z.record(z.string(), z.unknown()).nullish(),
  counts: z.object({
    users: count,
    items: count,
    interactions: count,
    train: count.nullish(),
    valid: count.nullish(),
    test: count.nullish(),
  }),
  summary: z.record(z.string(), z.unknown()).nullish(),
});

/** The content of `dataset.json`, of which another program need not write all. */
export type Description = z.output<typeof provenanceSchema>;

/**
 * Reads `dataset.json` and checks it by itself.
 *
 * @param text Its text.
 * @returns What it says.
 * @throws {Fault} If it is no JSON, of another version, or a field is missing or of another type.
 */
export function parseDescription(text: string): Description {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (error) {
    throw new Fault(`dataset.json is not JSON: ${(error as Error).message}`, { cause: error });
  }
  // Said first: a file of another version may differ in everything else, which would be of no help to anybody.
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (version !== undefined && version !== SCHEMA_VERSION) {
    throw new Fault(`dataset.json has schema version ${JSON.stringify(version)}: expected ${SCHEMA_VERSION}`);
  }
  const result = provenanceSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = deepest(result.error.issues[0]!);
  const where = issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new Fault(`dataset.json is wrong${where}: ${issue.message}`);
}

/** What is wrong with the one of several forms that comes closest. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const [nearest] = issue.errors.flat().map(deepest).sort((a, b) => b.path.length - a.path.length);
  return nearest ? { ...nearest, path: [...issue.path, ...nearest.path] } : issue;
}

/**
 * Makes up for what `dataset.json` does not say, from what the dataset holds.
 *
 * @param description What it says.
 * @param dir Folder of the dataset, which a dataset without a name is called by.
 * @param split What the dataset holds.
 * @returns Where the dataset comes from.
 */
export function provenanceOf(
  { name, createdBy, source, options, counts, summary }: Description,
  dir: string,
  { train, valid, test }: SplitItems,
): Provenance {
  const found = { train: train.items.length, valid: valid.items.length, test: test.items.length };
  return {
    schemaVersion: SCHEMA_VERSION,
    name: datasetName(name ?? "", datasetName(basename(dir))),
    createdBy: createdBy ?? "unknown",
    source: [source ?? []].flat(),
    options: options ?? {},
    counts: { users: counts.users, items: counts.items, interactions: counts.interactions, ...found },
    ...summary && { summary },
  };
}

/** The last part of a path; of `.` and the like, that of the folder meant. */
function basename(dir: string): string {
  return Deno.realPathSync(dir).replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "");
}
