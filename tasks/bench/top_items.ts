import { matmul } from "../../kernels/matmul/matmul.ts";
import type { Device, Tensor } from "../../src/device/device.ts";
import { topItems } from "../../src/recommend/rank.ts";
import { median } from "../cli/median.ts";

/** Sizes of a run of {@linkcode benchTopItems}. */
export interface TopItemsSizes {
  /** Items of the catalogue. */
  readonly items: number;
  /** Columns of a row. */
  readonly columns: number;
  /** Queries of a call. */
  readonly queries: number;
  /** Items to find for each query. */
  readonly count: number;
  /** Calls that are timed, after one that is not. */
  readonly rounds: number;
}

/** Speeds in GFLOP/s, medians over the rounds: two operations for each column of each item and query. */
export interface TopItemsSpeed {
  /** `topItems`, from queries on the device to items and scores on the host. */
  readonly topItems: number;
  /** `matmul` of the queries by 512 items: what it costs only to score. */
  readonly matmul: number;
}

/** Items whose scores the product makes: they fit the cache, as those of a tile do. */
const PRODUCT_ITEMS = 512;

/**
 * Times `topItems` on random rows, and in turn with it the product that makes scores and no more.
 *
 * @param device The device.
 * @param sizes Sizes.
 * @returns Both speeds.
 */
export async function benchTopItems(device: Device, sizes: TopItemsSizes): Promise<TopItemsSpeed> {
  const { items, columns, queries, count, rounds } = sizes;
  using query = device.upload(randomRows(1, queries * columns), [queries, columns]);
  using table = device.upload(randomRows(2, items * columns), [items, columns]);
  const productItems = 4 * Math.ceil(Math.min(items, PRODUCT_ITEMS) / 4);
  using some = device.upload(randomRows(3, productItems * columns), [productItems, columns]);
  using product = device.empty("f32", [queries, productItems]);
  const excluded = { offsets: new Uint32Array(queries + 1), items: new Uint32Array(0) };
  const times = { topItems: [] as number[], matmul: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const begin = performance.now();
    await topItems(
      { tensor: query, firstRow: 0, rows: queries },
      { tensor: table, firstRow: 0, rows: items },
      count,
      excluded,
    );
    const middle = performance.now();
    launchProduct(device, query, some, product);
    await device.synchronize();
    const end = performance.now();
    if (round === 0) continue;
    times.topItems.push(middle - begin);
    times.matmul.push(end - middle);
  }
  const speed = (rows: number, milliseconds: readonly number[]) =>
    2e-6 * queries * rows * columns / median(milliseconds);
  return { topItems: speed(items, times.topItems), matmul: speed(productItems, times.matmul) };
}

function launchProduct(device: Device, a: Tensor<"f32">, b: Tensor<"f32">, c: Tensor<"f32">): void {
  device.launch(matmul, { a, b, bias: null, addend: null, c }, {
    m: a.shape[0],
    n: b.shape[0],
    k: a.stride,
    aOffset: 0,
    aStride: a.stride / 4,
    bOffset: 0,
    bStride: b.stride / 4,
    biasOffset: 0,
    cOffset: 0,
    cStride: c.stride / 4,
    biased: 0,
    added: 0,
    kind: 0,
    seed: 0,
    step: 0,
    site: 0,
    threshold: 0,
    scale: 1,
  });
}

/** Numbers in [-1, 1) that are random enough for scores to be so. */
function randomRows(seed: number, length: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
