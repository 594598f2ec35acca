import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { gaussianRowsOracle, wassersteinOracle } from "./oracle.ts";
import { gaussianRows, wassersteinLoss } from "./wasserstein.ts";

/** Sizes and options of a check of `wassersteinLoss`. */
export interface WassersteinCase {
  readonly seed: number;
  readonly samples: number;
  readonly quads: number;
  readonly items: number;
  /** Bound of the magnitude of what is drawn. */
  readonly scale: number;
  readonly pvn: number;
}

/** Sizes and options of a check of `gaussianRows`. */
export interface GaussianRowsCase {
  readonly seed: number;
  readonly rows: number;
  readonly quads: number;
  /** Whether the rows are queries: mean and covariance side by side in one matrix. */
  readonly query: boolean;
}

/** Cases of the self-check of `wassersteinLoss`. */
export const wassersteinCases: readonly WassersteinCase[] = [
  { seed: 1, samples: 1, quads: 1, items: 2, scale: 1, pvn: 0.5 },
  { seed: 2, samples: 300, quads: 16, items: 200, scale: 0.2, pvn: 0.005 },
  { seed: 3, samples: 33, quads: 19, items: 5, scale: 1, pvn: 1 },
];

/** Cases of the self-check of `gaussianRows`. */
export const gaussianRowsCases: readonly GaussianRowsCase[] = [
  { seed: 1, rows: 1, quads: 1, query: false },
  { seed: 2, rows: 300, quads: 16, query: false },
  { seed: 3, rows: 37, quads: 19, query: true },
];

/** Rows around those of the gradients that a launch writes. */
const FIRST_GRADIENT = 3, SPARE_GRADIENT = 2;

/** Rows before those that `gaussianRows` reads. */
const FIRST_ROW = 2;

/** Rows of a covariance table: now and then so low that what comes of it is below the least covariance, or near it. */
function drawTable(draws: Draws, rows: number, columns: number, scale: number): Float32Array<ArrayBuffer> {
  return draws.matrix(rows, columns, scale).map((value) => {
    return [-300, -90, -60, -50][draws.integer(50)] ?? value;
  });
}

/** Covariances: now and then less than one should be. */
function drawCovariance(draws: Draws, value: number): number {
  return [0, -value, 1e-26, 1e-20][draws.integer(50)] ?? Math.abs(value) + 0.1;
}

/**
 * Checks `wassersteinLoss` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkWassersteinLoss(
  device: Device,
  options: WassersteinCase,
  kernel = wassersteinLoss,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { samples, quads, items, scale } = options, width = 4 * quads, pvn = Math.fround(options.pvn);
  const meanTable = draws.matrix(items, width, scale), covTable = drawTable(draws, items, width, scale);
  const hidden = draws.matrix(samples, 2 * width, scale).map((value, at) =>
    at % (2 * width) < width ? value : drawCovariance(draws, value)
  );
  const ids = Uint32Array.from({ length: 2 * samples }, () => draws.integer(items));
  const rows = FIRST_GRADIENT + 2 * samples + SPARE_GRADIENT;
  const meanRows = poison(rows * width), covRows = poison(rows * width);
  using tensors = new Tensors(device);
  const outputs = {
    hiddenGradient: tensors.floats(poison(2 * samples * width), [samples, 2 * width]),
    meanRows: tensors.floats(meanRows, [rows, width]),
    covRows: tensors.floats(covRows, [rows, width]),
    losses: tensors.floats(poison(samples)),
  };
  device.launch(kernel, {
    hidden: tensors.floats(hidden, [samples, 2 * width]),
    meanTable: tensors.floats(meanTable, [items, width]),
    covTable: tensors.floats(covTable, [items, width]),
    ids: tensors.integers(ids),
    ...outputs,
  }, { samples, quads, firstGradient: FIRST_GRADIENT, pvn });
  const tables = { hidden, meanTable, covTable, ids, quads, meanRows, covRows };
  const expected = wassersteinOracle({ ...tables, firstGradient: FIRST_GRADIENT, pvn });
  const comparison = new Comparison();
  const names = ["hiddenGradient", "meanRows", "covRows", "losses"] as const;
  const floats = await Promise.all(names.map((name) => device.read(outputs[name])));
  names.forEach((name, at) => comparison.floats(name, floats[at]!, expected[name]));
  return comparison.result(kernel.name, options);
}

/**
 * Checks `gaussianRows` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkGaussianRows(
  device: Device,
  options: GaussianRowsCase,
  kernel = gaussianRows,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { rows, quads, query } = options, width = 4 * quads, stored = FIRST_ROW + rows;
  using tensors = new Tensors(device);
  const output = tensors.floats(poison(rows * (2 * width + 4)), [rows, 2 * width + 4]);
  const stride = query ? 2 * quads : quads;
  const mean = query
    ? draws.matrix(stored, 2 * width).map((value, at) =>
      at % (2 * width) < width ? value : drawCovariance(draws, value)
    )
    : draws.matrix(stored, width);
  const cov = query ? mean : drawTable(draws, stored, width, 1);
  const places = {
    meanOffset: FIRST_ROW * stride,
    meanStride: stride,
    covOffset: FIRST_ROW * stride + (query ? quads : 0),
    covStride: stride,
  };
  const meanTensor = tensors.floats(mean, [stored, 4 * stride]);
  device.launch(kernel, {
    mean: meanTensor,
    cov: query ? meanTensor : tensors.floats(cov, [stored, 4 * stride]),
    output,
  }, { rows, quads, ...places, query: query ? 1 : 0 });
  const comparison = new Comparison();
  const expected = gaussianRowsOracle({ mean, cov, rows, quads, ...places, query });
  comparison.floats("output", await device.read(output), expected);
  return comparison.result(kernel.name, options);
}
