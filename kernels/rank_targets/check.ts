import type { Device, Tensor } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { drawScores, FIRST_ITEM, FIRST_QUERY, type ScoreCase, type ScoreInput } from "../_score_check.ts";
import { packPanelsOracle, rankOracle } from "./oracle.ts";
import { packPanels, panelLength, rankTargets } from "./rank_targets.ts";

/** Sizes and options of a check of `rankTargets`. */
export type RankCase = ScoreCase;

/** Sizes of a check of `packPanels`. */
export interface PackCase {
  readonly seed: number;
  readonly items: number;
  readonly columns: number;
  readonly firstRow: number;
}

/** Cases of the self-check of `packPanels`. */
export const packCases: readonly PackCase[] = [
  { seed: 1, items: 1, columns: 1, firstRow: 0 },
  { seed: 2, items: 1000, columns: 64, firstRow: 7 },
];

/** Cases of the self-check of `rankTargets`. */
export const rankCases: readonly RankCase[] = [
  { seed: 1, queries: 1, items: 1, columns: 1, exclude: 0, exact: false },
  { seed: 2, queries: 41, items: 1000, columns: 64, exclude: 20, exact: false },
  { seed: 3, queries: 9, items: 4500, columns: 33, exclude: 50, exact: true },
  { seed: 4, queries: 5, items: 40, columns: 130, exclude: 40, exact: true },
];

/**
 * Checks `packPanels` against its oracle.
 *
 * @param device The device.
 * @param options Sizes.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkPackPanels(device: Device, options: PackCase, kernel = packPanels): Promise<CheckResult> {
  const { items, columns, firstRow } = options, width = strideOf(columns);
  const table = new Draws(options.seed).matrix(firstRow + items + 1, columns);
  using tensors = new Tensors(device);
  const panels = tensors.floats(poison(panelLength(items, width / 4)));
  device.launch(kernel, { table: tensors.floats(table, [firstRow + items + 1, width]), panels }, {
    items,
    firstRow,
    width,
  });
  const values = packPanelsOracle(table, width, items, firstRow);
  const comparison = new Comparison();
  comparison.floats("panels", await device.read(panels), { values, tolerance: new Float64Array(values.length) });
  return comparison.result(kernel.name, options);
}

/**
 * Checks `rankTargets` against its oracle: a rank may be off by the number of items within rounding of the target.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkRankTargets(device: Device, options: RankCase, kernel = rankTargets): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { queries, items } = options, width = strideOf(options.columns), input = drawScores(draws, options);
  const targets = Uint32Array.from({ length: queries }, (_, q) => {
    const excluded = input.excluded.subarray(input.offsets[q]!, input.offsets[q + 1]!);
    // Now and then an excluded one
    return excluded.length > 0 && draws.integer(4) === 0
      ? excluded[draws.integer(excluded.length)]!
      : draws.integer(items);
  });
  using tensors = new Tensors(device);
  const ranks = tensors.integers(new Uint32Array(queries));
  const bound = bindScores(device, tensors, input);
  device.launch(kernel, { ...bound, targets: tensors.integers(targets), ranks }, {
    queries,
    firstQuery: FIRST_QUERY,
    items,
    width,
  });
  const actual = await device.read(ranks);
  const comparison = new Comparison();
  for (let q = 0; q < queries; q++) {
    const { rank, ambiguous } = rankOracle(input, q, targets[q]!);
    const error = Math.abs(actual[q]! - rank);
    comparison.at(error === 0 ? 0 : error / ambiguous, `ranks[${q}] is ${actual[q]}: expected ${rank} +- ${ambiguous}`);
  }
  return comparison.result(kernel.name, options);
}

function bindScores(
  device: Device,
  tensors: Tensors,
  { query, table, columns, items, queries, offsets, excluded }: ScoreInput,
): { query: Tensor<"f32">; panels: Tensor<"f32">; offsets: Tensor<"u32">; excluded: Tensor<"u32"> } {
  const width = strideOf(columns);
  const panels = tensors.floats(poison(panelLength(items, width / 4)));
  const tableTensor = tensors.floats(table, [FIRST_ITEM + items, width]);
  device.launch(packPanels, { table: tableTensor, panels }, { items, firstRow: FIRST_ITEM, width });
  return {
    query: tensors.floats(query, [FIRST_QUERY + queries, width]),
    panels,
    offsets: tensors.integers(offsets),
    excluded: tensors.integers(excluded),
  };
}
