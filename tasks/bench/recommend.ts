import type { Dataset } from "../../src/data/dataset.ts";
import { sequenceAt } from "../../src/data/sequences.ts";
import { generatedDataset } from "../../src/data/generated.ts";
import type { Device } from "../../src/device/device.ts";
import { mfBpr } from "../../src/models/mf_bpr/mf_bpr.ts";
import { resolveSettings } from "../../src/models/settings.ts";
import { below, normals, Philox, Stream } from "../../src/philox.ts";
import type { ModelWeights } from "../../src/nn/parameters.ts";
import { type Recommendation, Recommender } from "../../src/recommend/recommender.ts";
import { median } from "../cli/median.ts";
import { benchTopItems } from "./top_items.ts";
import { TorchTopK } from "./torch_topk.ts";

/** What is timed. */
export interface RecommendBench {
  /** Users who get a list. */
  readonly users: number;
  /** Items of the catalogue. */
  readonly items: number;
  /** Columns of their rows. */
  readonly columns: number;
  /** Items of a list. */
  readonly count: number;
  /** Rounds of what is compared; medians are printed. */
  readonly rounds: number;
  /** Threads of PyTorch. */
  readonly threads: number;
  /** Python with PyTorch, timed in turn; null for none. */
  readonly python: string | null;
}

/** Queries of a round of ours, and of PyTorch's, which is slower. */
const QUERIES = 4096, TORCH_QUERIES = 1024;

/** Queries of a block of PyTorch's, whose scores of 100,000 items then take 26 MB. */
const TORCH_BLOCK = 64;

/** Users whose lists are computed again in float64. */
const CHECKED = 1000;

/** Items of a history, which a list leaves out. */
const HISTORY = 8;

/**
 * Times lists of the best items: the kernel beside our own product of matrices and beside PyTorch, in turn; then a whole
 * recommender, ids in and ids out, for every user of a made-up model, with the memory it takes. Lists of a sample are
 * compared with a plain computation in float64.
 *
 * @param device The device.
 * @param options What is timed.
 */
export async function benchRecommend(device: Device, options: RecommendBench): Promise<void> {
  const { users, items, columns, count } = options;
  console.log(`${device.description}\n${users} users, ${items} items of ${columns} columns, lists of ${count}\n`);
  await compareKernels(device, options);
  const weights: ModelWeights = {
    "user.weight": { data: normals(1, 0, users * columns, 1), shape: [users, columns] },
    "item.weight": { data: normals(1, 1, items * columns, 1), shape: [items, columns] },
  };
  const dataset = madeUp(users, items);
  using recommender = new Recommender(device, {
    model: mfBpr,
    settings: { ...resolveSettings(mfBpr, { dimension: columns }) },
    weights,
    users: dataset.users,
    items: dataset.items,
    itemColumns: {},
  });
  const before = Deno.memoryUsage().rss;
  let peak = before, lists = 0, worst = 0;
  const step = Math.max(1, Math.floor(users / CHECKED)), sample = new Map<number, readonly Recommendation[]>();
  const begin = performance.now();
  const requests = dataset.users.values().map((user) => ({ user }));
  for await (const { list } of recommender.stream(requests, { dataset, count })) {
    if (lists % step === 0 && sample.size < CHECKED) sample.set(lists, list);
    if (++lists % 4096 === 0) peak = Math.max(peak, Deno.memoryUsage().rss);
  }
  const seconds = (performance.now() - begin) / 1000, gigaflops = 2e-9 * users * items * columns / seconds;
  console.log(
    `\nall users: ${seconds.toFixed(1)} s, ${Math.round(users / seconds)} users/s, ${gigaflops.toFixed(1)} GFLOP/s`,
  );
  console.log(
    `memory: ${megabytes(device.liveBytes)} on the device, which holds weights of ${
      megabytes(4 * columns * (users + items))
    }; process ${megabytes(before)} before, ${megabytes(peak)} at its peak`,
  );
  for (const [user, list] of sample) worst = Math.max(worst, errorOf(list, user, weights, dataset, count));
  console.log(
    `lists of ${sample.size} users against float64: ${
      worst <= 1 ? "equal up to ties" : "DIFFERENT"
    } (largest difference ${worst.toFixed(3)} of what rounding may make)`,
  );
}

async function compareKernels(device: Device, options: RecommendBench): Promise<void> {
  const { items, columns, count, rounds, threads, python } = options;
  const speeds = { topItems: [] as number[], matmul: [] as number[], torch: [] as number[], ratio: [] as number[] };
  const sizes = { items, columns, users: TORCH_QUERIES, count, block: TORCH_BLOCK, threads };
  await using torch = python === null ? null : new TorchTopK(python, sizes);
  await torch?.round();
  for (let round = 0; round < rounds; round++) {
    const own = await benchTopItems(device, { items, columns, queries: QUERIES, count, rounds: 1 });
    speeds.topItems.push(own.topItems);
    speeds.matmul.push(own.matmul);
    if (!torch) continue;
    const peer = 2e-9 * TORCH_QUERIES * items * columns / await torch.round();
    speeds.torch.push(peer);
    speeds.ratio.push(own.topItems / peer);
  }
  console.log(
    `top items: ${median(speeds.topItems).toFixed(1)} GFLOP/s; our matmul: ${median(speeds.matmul).toFixed(1)} GFLOP/s`,
  );
  if (torch) {
    console.log(
      `PyTorch's topk of blocks of ${TORCH_BLOCK}: ${median(speeds.torch).toFixed(1)} GFLOP/s, ` +
        `ours ${median(speeds.ratio).toFixed(1)} times as fast (median of ${rounds} rounds in turn)`,
    );
  }
}

/** Users who have taken a few items each. */
function madeUp(userCount: number, itemCount: number): Dataset {
  const items = new Uint32Array(userCount * HISTORY), philox = new Philox(1, Stream.sample);
  for (let at = 0; at < items.length; at++) items[at] = below(philox.draw(at, 0)[0]!, itemCount);
  return {
    ...generatedDataset({ users: 1, items: 12 }),
    name: "made up",
    userCount,
    itemCount,
    users: Array.from({ length: userCount }, (_, user) => `user ${user}`),
    items: Array.from({ length: itemCount }, (_, item) => `item ${item}`),
    train: { offsets: Uint32Array.from({ length: userCount + 1 }, (_, user) => HISTORY * user), items },
    valid: { offsets: new Uint32Array(userCount + 1), items: new Uint32Array(0) },
    test: { offsets: new Uint32Array(userCount + 1), items: new Uint32Array(0) },
  };
}

/**
 * How far a list is from that of float64, in units of what rounding may make of two scores: an item may stand in another's
 * place only where their scores differ by no more. Infinite if a list is short or has an item of the history.
 */
function errorOf(
  list: readonly Recommendation[],
  user: number,
  weights: ModelWeights,
  { train, itemCount }: Dataset,
  count: number,
): number {
  const rows = weights["item.weight"]!.data,
    own = weights["user.weight"]!.data,
    columns = own.length / weights["user.weight"]!.shape[0]!;
  const history = new Set(sequenceAt(train, user));
  const scores = new Float64Array(itemCount), bounds = new Float64Array(itemCount);
  for (let item = 0; item < itemCount; item++) {
    for (let column = 0; column < columns; column++) {
      const product = own[user * columns + column]! * rows[item * columns + column]!;
      scores[item]! += product;
      bounds[item]! += Math.abs(product) * columns * 2 ** -23;
    }
  }
  const best = scores.filter((_, item) => !history.has(item)).sort().reverse().subarray(0, count);
  if (list.length !== best.length) return Infinity;
  return list.reduce((worst, { item: id }, place) => {
    const item = Number(id.slice("item ".length));
    if (history.has(item)) return Infinity;
    return Math.max(worst, Math.abs(scores[item]! - best[place]!) / (2 * bounds[item]!));
  }, 0);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
