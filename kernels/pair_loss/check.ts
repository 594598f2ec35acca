import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { pairLossOracle } from "./oracle.ts";
import { pairLoss } from "./pair_loss.ts";

/** Sizes and options of a check of `pairLoss`. */
export interface PairLossCase {
  readonly seed: number;
  readonly samples: number;
  readonly columns: number;
  readonly users: number;
  readonly items: number;
  /** Whether users and items are rows of one stack, users first. */
  readonly stacked: boolean;
  /** Bound of the magnitude of the embeddings. */
  readonly scale: number;
  /** Whether the two scores are taken each for itself. */
  readonly pointwise: boolean;
  /** Whether a sample names its user, and does not have a row of its own. */
  readonly indexed: boolean;
}

/** Cases of the self-check. */
export const pairLossCases: readonly PairLossCase[] = [
  ...[
    { seed: 1, samples: 1, columns: 1, users: 1, items: 1, stacked: false, scale: 1 },
    { seed: 2, samples: 1000, columns: 64, users: 300, items: 200, stacked: true, scale: 0.1 },
    { seed: 3, samples: 33, columns: 130, users: 10, items: 5, stacked: false, scale: 3 },
  ].map((sizes) => ({ ...sizes, pointwise: false, indexed: true })),
  { seed: 4, samples: 70, columns: 64, users: 0, items: 20, stacked: false, scale: 1, pointwise: true, indexed: false },
];

/** Rows around those of the gradient that a launch writes, and before those of the queries that it reads. */
const FIRST_GRADIENT = 3, SPARE_GRADIENT = 2, FIRST_QUERY = 2;

/**
 * Checks `pairLoss` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkPairLoss(device: Device, options: PairLossCase, kernel = pairLoss): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { samples, columns, scale, pointwise, indexed } = options, stride = strideOf(columns);
  const stacked = options.stacked && indexed;
  const firstUser = indexed ? 0 : FIRST_QUERY, userRows = indexed ? options.users : FIRST_QUERY + samples;
  const firstItem = stacked ? options.users : 0, itemRows = firstItem + options.items;
  const itemTable = draws.matrix(itemRows, columns, scale);
  const userTable = stacked ? itemTable : draws.matrix(userRows, columns, scale);
  const pick = (bound: number) => Uint32Array.from({ length: samples }, () => draws.integer(bound));
  const users = indexed ? pick(options.users) : null;
  const positives = pick(options.items), negatives = pick(options.items);
  const gradientRows = FIRST_GRADIENT + 2 * samples + SPARE_GRADIENT, itemGradient = poison(gradientRows * stride);

  using tensors = new Tensors(device);
  const itemTensor = tensors.floats(itemTable, [itemRows, stride]);
  const outputs = {
    userGradient: tensors.floats(poison(samples * stride), [samples, stride]),
    itemGradient: tensors.floats(itemGradient, [gradientRows, stride]),
    losses: tensors.floats(poison(samples)),
  };
  const places = { firstUser, firstItem, firstGradient: FIRST_GRADIENT };
  device.launch(kernel, {
    userTable: stacked ? itemTensor : tensors.floats(userTable, [userRows, stride]),
    itemTable: itemTensor,
    users: users && tensors.integers(users),
    positives: tensors.integers(positives),
    negatives: tensors.integers(negatives),
    ...outputs,
  }, { samples, quads: stride / 4, ...places, pointwise: pointwise ? 1 : 0, indexed: indexed ? 1 : 0 });
  const rows = { userTable, itemTable, users, positives, negatives, stride, itemGradient };
  const expected = pairLossOracle({ ...rows, ...places, pointwise });
  const comparison = new Comparison();
  const names = ["userGradient", "itemGradient", "losses"] as const;
  const floats = await Promise.all(names.map((name) => device.read(outputs[name])));
  names.forEach((name, at) => comparison.floats(name, floats[at]!, expected[name]));
  return comparison.result(kernel.name, options);
}
