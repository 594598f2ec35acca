import { writeRanks } from "../../src/files/ranks_file.ts";
import { packSequences } from "../../src/data/sequences.ts";
import { rankingMetrics } from "../../src/recommend/metrics.ts";

/** What is said of a run of a test; the rest is as in {@linkcode writeRun}. */
export interface RunOptions {
  /** Settings beside those that all have; undefined takes one away. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Places of the one target of each user. */
  readonly ranks?: readonly number[];
  /** Name of the dataset, whose digest is made of it. */
  readonly dataset?: string;
  /** Digest of the dataset, where it is not made of its name. */
  readonly digest?: string;
  /** What metrics.json says beside; null for a run that has not finished. */
  readonly metrics?: Readonly<Record<string, unknown>> | null;
  /** Whether it has a ranks.parquet. */
  readonly hasRanks?: boolean;
  /** Lines of events.jsonl. */
  readonly events?: readonly object[];
}

/** Settings that runs have. */
export const CONFIG = {
  data: "data/tiny",
  model: "mf-bpr",
  optimizer: "adamw",
  learningRate: 0.001,
  beta: 0.99,
  layers: 3,
  seed: 1,
  at: "1,5,10",
  rankRepeats: false,
  metric: "ndcg@10",
  device: "cpu",
};

/** Events of two epochs of a second each. */
const EVENTS = [
  { type: "evaluation", split: "valid", epoch: 0, metrics: {}, seconds: 0.25 },
  { type: "epoch", epoch: 1, loss: 0.5, seconds: 1 },
  { type: "epoch", epoch: 2, loss: 0.25, seconds: 1 },
];

/**
 * Writes a run directory as training does, but for its weights.
 *
 * @param path Its folder.
 * @param options What it is.
 */
export async function writeRun(path: string, options: RunOptions = {}): Promise<void> {
  const { config = {}, ranks = [1, 2, 11], dataset = "tiny", digest = `digest of ${dataset}`, events = EVENTS } =
    options;
  await Deno.mkdir(path, { recursive: true });
  const write = (name: string, content: unknown) => Deno.writeTextFile(`${path}/${name}`, JSON.stringify(content));
  await write("config.json", { ...CONFIG, ...config });
  await write("run.json", { dataset: { name: dataset, digest }, started: "2026-01-01T00:00:00.000Z" });
  await Deno.writeTextFile(`${path}/events.jsonl`, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  if (options.metrics === null) return;
  const offsets = Uint32Array.from({ length: ranks.length + 1 }, (_, at) => at);
  const test = { ...rankingMetrics({ offsets, ranks: Uint32Array.from(ranks) }, [1, 5, 10]), repeats: 0 };
  if (options.hasRanks ?? true) {
    const names = (what: string) => Array.from(ranks, (_, at) => `${what} ${at}`);
    await writeRanks(path, { users: names("user"), items: names("item") }, {
      users: Uint32Array.from(ranks.keys()),
      targets: packSequences(Array.from(ranks.keys(), (at) => [at])),
      ranks: Uint32Array.from(ranks),
    });
  }
  await write("metrics.json", {
    version: "1.0.0",
    protocol: "leave-one-out",
    device: "cpu",
    seconds: 3,
    digest: "abc",
    started: "2026-01-01T00:00:00.000Z",
    ended: "2026-01-01T00:00:02.000Z",
    bestEpoch: 2,
    valid: { ...test, "ndcg@10": 0.5 },
    test,
    ...options.metrics,
  });
}
