import { pairLoss } from "../../../kernels/pair_loss/pair_loss.ts";
import type { PairBatch } from "../../data/pair_sampler.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import { type Tape, Variable } from "../../nn/tape.ts";
import type { BatchGradients, BorrowedRows, FoldIn, Network, NetworkWeights, Requests } from "../network.ts";
import { checkTargets } from "../sequence_checks.ts";
import { itemsOf, joined, plannedGradient } from "../sequences.ts";
import { fitter } from "./fold_in.ts";

/** How MF-BPR computes: see `mfBpr`. */
export class MfBprNetwork implements Network<PairBatch> {
  readonly #weights: NetworkWeights;

  /** @param weights Its weights. */
  constructor(weights: NetworkWeights) {
    this.#weights = weights;
  }

  /** See {@linkcode Network.backward}. */
  backward(tape: Tape, batch: PairBatch): BatchGradients {
    const { users, positives, negatives } = batch, samples = users.length;
    const user = this.#weights.table("user.weight"), item = this.#weights.table("item.weight");
    if (samples === 0) throw new RangeError("Cannot step as the batch has no sample");
    checkTargets(batch, samples);
    checkRows("user", users, user.rows);
    for (const items of [positives, negatives]) checkRows("item", items, item.rows);
    const columns = user.tensor.shape[1]!;
    const userGradient = tape.empty([samples, columns]), itemGradient = tape.empty([2 * samples, columns]);
    const losses = tape.empty([samples]);
    tape.device.launch(pairLoss, {
      userTable: user.tensor,
      itemTable: item.tensor,
      users: tape.upload(users),
      positives: tape.upload(positives),
      negatives: tape.upload(negatives),
      userGradient,
      itemGradient,
      losses,
    }, {
      samples,
      quads: userGradient.stride / 4,
      firstUser: user.firstRow,
      firstItem: item.firstRow,
      pointwise: 0,
      indexed: 1,
      firstGradient: 0,
    });
    return {
      losses,
      gradients: {
        "user.weight": plannedGradient(tape, users, user.rows, userGradient),
        "item.weight": plannedGradient(tape, joined(positives, negatives), item.rows, itemGradient),
      },
    };
  }

  /** See {@linkcode Network.items}. */
  items(): BorrowedRows {
    return itemsOf(this.#weights.table("item.weight"), 0);
  }

  /** The rows of users: see {@linkcode Network.queries}. */
  queries(tape: Tape, { users }: Requests): Variable {
    if (!users) throw new TypeError("Cannot rank for histories by the rows of users: fold them in");
    const { tensor, firstRow, rows } = this.#weights.table("user.weight");
    checkRows("user", users, rows);
    return gatherRows(tape, new Variable(tensor), users.map((user) => user + firstRow));
  }

  /** Fits a row to each history: see {@linkcode Network.foldIn}. */
  async foldIn(): Promise<FoldIn> {
    const item = this.#weights.table("item.weight");
    const fit = await fitter(this.#weights.device, item);
    return (histories) => {
      checkRows("item", histories.items, item.rows);
      return fit(histories);
    };
  }
}

function checkRows(what: "user" | "item", ids: Uint32Array, rows: number): void {
  const outside = ids.find((id) => id >= rows);
  if (outside === undefined) return;
  throw new RangeError(
    `Cannot use ${what === "item" ? "an item" : "a user"} as it must be in [0, ${rows}): current value is ${outside}`,
  );
}
