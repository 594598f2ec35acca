import { pairLoss } from "../../../kernels/pair_loss/pair_loss.ts";
import type { PairBatch } from "../../data/pair_sampler.ts";
import type { Device } from "../../device/device.ts";
import type { Graph } from "../../graph/graph.ts";
import { gatherRows } from "../../nn/gather_rows.ts";
import type { ModelWeights } from "../../nn/parameters.ts";
import { Tape, Variable } from "../../nn/tape.ts";
import type { SevoOptions } from "../../sevo/options.ts";
import { InitialWeights } from "../initial_weights.ts";
import { checkTargets, joined, plannedGradient, queriesOf } from "../sequences.ts";
import type { Queries, Scorer } from "../model.ts";
import { TrainedModel } from "../trained_model.ts";

/** Standard deviation of the initial embeddings in the published runs. */
const INITIAL_DEVIATION = 1e-4;

/** What MF-BPR is trained with. */
export interface MfBprOptimizer {
  /** Rule and rates; with a propagation, that of the smoothed tables. */
  readonly options: SevoOptions;
  /** What the updates are smoothed over: the items alone, or users and items stacked. Null without propagation. */
  readonly smoothing: { readonly over: "item" | "user-item"; readonly graph: Graph } | null;
}

/**
 * Matrix factorisation under Bayesian personalised ranking (Rendle et al., UAI 2009): the score of an item for a user
 * is the dot product of their embeddings; the loss of a (user, positive, negative) is softplus(negative score -
 * positive score).
 */
export class MfBpr extends TrainedModel<PairBatch> {
  /**
   * Puts the tables under training.
   *
   * @param device The device.
   * @param weights Initial tables `user.weight` (users x dimension) and `item.weight` (items x dimension).
   * @param optimizer Rule, rates and smoothing.
   */
  constructor(device: Device, weights: ModelWeights, { options, smoothing }: MfBprOptimizer) {
    const graph = smoothing?.graph ?? null;
    const groups = smoothing?.over === "item"
      ? [{ tables: ["user.weight"], graph: null }, { tables: ["item.weight"], graph }]
      : [{ tables: ["user.weight", "item.weight"], graph }];
    super(device, weights, { options, groups });
  }

  /**
   * Draws initial tables, normal with deviation 1e-4 as in the published runs.
   *
   * @param users Number of users.
   * @param items Number of items.
   * @param dimension Embedding width.
   * @param seed An integer in [0, 2^32).
   * @returns The tables.
   */
  static initialWeights(users: number, items: number, dimension: number, seed: number): ModelWeights {
    return new InitialWeights(seed)
      .normal("user.weight", [users, dimension], INITIAL_DEVIATION)
      .normal("item.weight", [items, dimension], INITIAL_DEVIATION)
      .done();
  }

  /** See {@linkcode Model.step}. */
  override step(batch: PairBatch): void {
    const { device, trained } = this, { users, positives, negatives } = batch;
    if (users.length === 0) throw new RangeError("Cannot step as the batch has no sample");
    checkTargets(batch, users.length);
    checkRows("user", users, trained.table("user.weight").rows);
    for (const items of [positives, negatives]) checkRows("item", items, trained.table("item.weight").rows);
    device.batch(() => {
      using tape = new Tape(device, { seed: 0, step: trained.steps + 1 });
      const user = trained.table("user.weight"), item = trained.table("item.weight");
      const samples = users.length, columns = user.tensor.shape[1]!;
      const userGradient = tape.empty([samples, columns]), itemGradient = tape.empty([2 * samples, columns]);
      const losses = tape.empty([samples]);
      device.launch(pairLoss, {
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
      trained.addLoss(losses, 1 / samples);
      trained.step({
        "user.weight": plannedGradient(tape, users, user.rows, userGradient),
        "item.weight": plannedGradient(tape, joined(positives, negatives), item.rows, itemGradient),
      });
    });
  }

  /** See {@linkcode Model.scorer}. */
  override scorer(): Scorer {
    return {
      items: this.trained.table("item.weight"),
      queries: (users) => this.#queries(users),
      [Symbol.dispose]() {},
    };
  }

  #queries(users: Uint32Array): Queries {
    const { tensor, rows } = this.trained.table("user.weight");
    checkRows("user", users, rows);
    return queriesOf(this.device, (tape) => gatherRows(tape, new Variable(tensor), users));
  }
}

function checkRows(what: "user" | "item", ids: Uint32Array, rows: number): void {
  const outside = ids.find((id) => id >= rows);
  if (outside === undefined) return;
  throw new RangeError(
    `Cannot use ${what === "item" ? "an item" : "a user"} as it must be in [0, ${rows}): current value is ${outside}`,
  );
}
