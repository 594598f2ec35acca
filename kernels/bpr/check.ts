import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, strideOf, Tensors } from "../_check.ts";
import { bpr } from "./bpr.ts";
import { bprOracle } from "./oracle.ts";

/** Sizes and options of a check of `bpr`. */
export interface BprCase {
  readonly seed: number;
  readonly samples: number;
  readonly columns: number;
  readonly users: number;
  readonly items: number;
  /** Whether users and items are rows of one stack, users first. */
  readonly stacked: boolean;
  /** Bound of the magnitude of the embeddings. */
  readonly scale: number;
}

/** Cases of the self-check. */
export const bprCases: readonly BprCase[] = [
  { seed: 1, samples: 1, columns: 1, users: 1, items: 1, stacked: false, scale: 1 },
  { seed: 2, samples: 1000, columns: 64, users: 300, items: 200, stacked: true, scale: 0.1 },
  { seed: 3, samples: 33, columns: 130, users: 10, items: 5, stacked: false, scale: 3 },
];

/**
 * Checks `bpr` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkBpr(device: Device, options: BprCase, kernel = bpr): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { samples, columns, stacked, scale } = options, stride = strideOf(columns);
  const itemTable = draws.matrix(stacked ? options.users + options.items : options.items, columns, scale);
  const userTable = stacked ? itemTable : draws.matrix(options.users, columns, scale);
  const pick = (bound: number) => Uint32Array.from({ length: samples }, () => draws.integer(bound));
  const users = pick(options.users), positives = pick(options.items), negatives = pick(options.items);
  const firstUser = 0, firstItem = stacked ? options.users : 0;

  using tensors = new Tensors(device);
  const itemTensor = tensors.floats(itemTable, [itemTable.length / stride, stride]);
  const outputs = {
    userGradient: tensors.floats(poison(samples * stride), [samples, stride]),
    itemGradient: tensors.floats(poison(2 * samples * stride), [2 * samples, stride]),
    losses: tensors.floats(poison(samples)),
  };
  device.launch(kernel, {
    userTable: stacked ? itemTensor : tensors.floats(userTable, [options.users, stride]),
    itemTable: itemTensor,
    users: tensors.integers(users),
    positives: tensors.integers(positives),
    negatives: tensors.integers(negatives),
    ...outputs,
  }, { samples, quads: stride / 4, firstUser, firstItem });
  const expected = bprOracle({ userTable, itemTable, users, positives, negatives, stride, firstUser, firstItem });
  const comparison = new Comparison();
  const names = ["userGradient", "itemGradient", "losses"] as const;
  const floats = await Promise.all(names.map((name) => device.read(outputs[name])));
  names.forEach((name, at) => comparison.floats(name, floats[at]!, expected[name]));
  return comparison.result(kernel.name, options);
}
