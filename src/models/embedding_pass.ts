import { NO_ROW } from "../../kernels/embed/embed.ts";
import type { Tensor } from "../device/device.ts";
import { embedding } from "../nn/embedding.ts";
import { pairLoss, type PairLossOptions } from "../nn/pair_loss.ts";
import type { Tape, Variable } from "../nn/tape.ts";
import type { Gradient } from "../sevo/gradient.ts";
import type { BatchGradients, NetworkWeights } from "./network.ts";
import { itemRow, joined, plannedGradient } from "./sequences.ts";

/** What a table is used for in a pass: the items looked up so far, and where their gradient rows go. */
interface Use {
  ids: Uint32Array;
  rows: Tensor<"f32"> | null;
}

/**
 * The embedding tables of one pass, with their gradients taken care of: items are looked up as often as a network wants,
 * and its pairwise loss ends the pass. For networks whose tables have a row for each item.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { EmbeddingPass, ParameterLayout, Tape } from "@sevo/sevo/models";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, { seed: 1, step: 1 });
 * const tensor = tape.upload(new Float32Array(3 * 4).fill(0.1), [3, 4]); // three items, all alike
 * const table = () => ({ tensor, firstRow: 0, rows: 3 });
 * const weights = { device, table, parameters: tensor, gradient: null, layout: new ParameterLayout({}) };
 * const pass = new EmbeddingPass(tape, weights);
 * const queries = pass.embed("item.weight", new Uint32Array([0]));
 * const batch = { positives: new Uint32Array([1]), negatives: new Uint32Array([2]) };
 * const { losses, gradients } = pass.pairLoss("bpr", "item.weight", queries, batch);
 * assertAlmostEquals((await device.read(losses))[0]!, Math.LN2, 1e-6);
 * assertEquals(Object.keys(gradients), ["item.weight"]);
 * ```
 */
export class EmbeddingPass {
  readonly #tape: Tape;
  readonly #weights: NetworkWeights;
  readonly #leadingRows: number;
  readonly #uses = new Map<string, Use>();

  /**
   * Begins with no table used.
   *
   * @param tape The pass.
   * @param weights The weights of the network.
   * @param leadingRows Rows of the tables before that of item 0. Default 0.
   */
  constructor(tape: Tape, weights: NetworkWeights, leadingRows: number = 0) {
    this.#tape = tape;
    this.#weights = weights;
    this.#leadingRows = leadingRows;
  }

  /**
   * Looks items up.
   *
   * @param table Name of the table.
   * @param items The items; in a pass of inference what `lastItems` gives for an empty history too.
   * @returns A row for each item, of zeros where there is none.
   * @throws {RangeError} If there is no such item.
   */
  embed(table: string, items: Uint32Array): Variable {
    const range = this.#weights.table(table), ids = this.#idsOf(table, items), use = this.#use(table);
    const firstRow = use.ids.length;
    use.ids = joined(use.ids, ids);
    return embedding(this.#tape, range, {
      ids: this.#tape.upload(ids),
      // The gradient rows of a table are one matrix, which is allocated when all of its uses are known
      rows: {
        get table() {
          return use.rows!;
        },
        firstRow,
      },
    });
  }

  /**
   * Scores a positive and a negative item for each query by dot products, and runs backward.
   *
   * @param kind The loss: see `pairLoss`.
   * @param table Name of the table of the items.
   * @param queries A row for each pair.
   * @param batch The pairs.
   * @returns Losses, and the gradients of all tables used.
   */
  pairLoss(
    kind: PairLossOptions["kind"],
    table: string,
    queries: Variable,
    batch: { readonly positives: Uint32Array; readonly negatives: Uint32Array },
  ): BatchGradients {
    const tape = this.#tape, weights = this.#weights, { ids: before } = this.#use(table);
    const [positives, negatives] = [this.#idsOf(table, batch.positives), this.#idsOf(table, batch.negatives)];
    this.#use(table).ids = joined(before, positives, negatives);
    for (const [name, use] of this.#uses) {
      use.rows = tape.empty([use.ids.length, weights.table(name).tensor.shape[1]!]);
    }
    const options = { kind, positives, negatives, rows: this.#use(table).rows!, firstRow: before.length };
    const losses = pairLoss(tape, queries, weights.table(table), options);
    tape.backward();
    const gradients: Record<string, Gradient> = {};
    for (const [name, { ids, rows }] of this.#uses) {
      gradients[name] = plannedGradient(tape, ids, weights.table(name).rows, rows!);
    }
    return { losses, gradients };
  }

  #use(table: string): Use {
    let use = this.#uses.get(table);
    if (!use) this.#uses.set(table, use = { ids: new Uint32Array(), rows: null });
    return use;
  }

  /** Rows of items; `NO_ROW`, whose embedding is 0, stays what it is. */
  #idsOf(table: string, items: Uint32Array): Uint32Array<ArrayBuffer> {
    const itemCount = this.#weights.table(table).rows - this.#leadingRows;
    const rows = new Uint32Array(items.length);
    for (let at = 0; at < items.length; at++) {
      const item = items[at]!;
      rows[at] = item === NO_ROW ? NO_ROW : itemRow(item, itemCount, this.#leadingRows);
    }
    return rows;
  }
}
