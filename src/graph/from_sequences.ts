import { type Bounds, checkOptions, checkType, shown } from "../options.ts";
import { buildNormalised, type NormalisedCsr, type PairVisitor } from "./_build.ts";
import { ACTION, checkArray, checkCount, checkLength, checkRow, type Integers } from "./_checks.ts";

/**
 * Item sequences, oldest item first: one list per user, or all lists end to end with the offsets at which each begins
 * (and the last ends), which needs no object per user.
 */
export type Sequences = ArrayLike<Integers> | { readonly offsets: Integers; readonly items: Integers };

/** Options of {@linkcode Graph.fromSequences}. */
export interface SequenceGraphOptions {
  /** Rows of the graph: those of the table to smooth. */
  readonly rows: number;
  /** Row of item 0: 1 where row 0 is padding. Default 0. */
  readonly offset?: number;
  /** Longest distance at which two items of a sequence are related; a pair h apart weighs 1/h. Default 1. */
  readonly maxWalk?: number;
  /** Only the last so many items of a sequence count. Default 50. */
  readonly last?: number;
  /**
   * When each item of the sequences was taken, in any unit: a list for each sequence, or, where the sequences lie end to
   * end, one list for all. Goes with `halfLife`.
   */
  readonly times?: ArrayLike<ArrayLike<number>> | ArrayLike<number>;
  /** Time, in the unit of `times`, in which the weight of a pair halves. */
  readonly halfLife?: number;
}

const OPTIONS: readonly (keyof SequenceGraphOptions)[] = ["rows", "offset", "maxWalk", "last", "times", "halfLife"];

/** What the options of an item graph may be. */
export const GRAPH_BOUNDS = {
  maxWalk: { integer: true, min: 1, max: 2 ** 32 - 1 },
  last: { integer: true, min: 1, max: 2 ** 32 - 1 },
} as const satisfies Readonly<Record<string, Bounds>>;

/** The least weight of a pair: below it float32 keeps fewer digits. */
const LEAST_WEIGHT = 2 ** -126;

/**
 * See {@linkcode Graph.fromSequences}.
 *
 * @param sequences Item sequences, oldest item first.
 * @param options Rows, row offset, walk length, how much of a sequence counts, and times.
 * @returns The normalised matrix.
 */
export function sequenceCsr(sequences: Sequences, options: SequenceGraphOptions): NormalisedCsr {
  checkOptions(ACTION, options, OPTIONS);
  const { rows, offset = 0, maxWalk = 1, last = 50 } = options;
  checkCount("rows", rows, 0);
  checkCount("offset", offset, 0);
  checkCount("maxWalk", maxWalk, GRAPH_BOUNDS.maxWalk.min);
  checkCount("last", last, GRAPH_BOUNDS.last.min);
  const flat = "offsets" in sequences;
  const count = flat ? sequences.offsets.length - 1 : sequences.length;
  for (let s = 0; s < count; s++) {
    const items = flat ? sequences.items : sequences[s]!;
    const end = flat ? sequences.offsets[s + 1]! : items.length;
    for (let at = flat ? sequences.offsets[s]! : 0; at < end; at++) checkRow("item", items[at]!, rows - offset);
  }
  const decay = decayOf(sequences, options);
  const visit: PairVisitor = (emit) => {
    for (let s = 0; s < count; s++) {
      const items = flat ? sequences.items : sequences[s]!;
      const end = flat ? sequences.offsets[s + 1]! : items.length;
      const begin = Math.max(flat ? sequences.offsets[s]! : 0, end - last);
      for (let at = begin; at < end; at++) {
        const row = items[at]! + offset;
        for (let walk = 1; walk <= maxWalk && at + walk < end; walk++) {
          const weight = (decay ? decay(s, at + walk) : 1) / walk;
          if (weight >= LEAST_WEIGHT) emit(row, items[at + walk]! + offset, weight);
        }
      }
    }
  };
  return buildNormalised(rows, visit, { weighted: maxWalk > 1 || decay !== null });
}

/** What a pair weighs by the time of its later item, next to one of the newest: 1/2 for each half-life between them. */
type Decay = (sequence: number, at: number) => number;

function decayOf(sequences: Sequences, { times, halfLife }: SequenceGraphOptions): Decay | null {
  if (times === undefined && halfLife === undefined) return null;
  if (times === undefined) {
    throw new TypeError(`${ACTION} as halfLife needs the times of the items: times is not given`);
  }
  if (halfLife === undefined) {
    throw new TypeError(`${ACTION} as times need a halfLife, in the same unit: halfLife is not given`);
  }
  checkArray("times", times);
  checkType(ACTION, "halfLife", halfLife, "number");
  if (!(halfLife > 0 && halfLife < Infinity)) {
    throw new RangeError(`${ACTION} as halfLife must be positive and finite: current value is ${halfLife}`);
  }
  const flat = "offsets" in sequences, lists = flat ? null : times as ArrayLike<ArrayLike<number>>;
  if (lists) checkLength("times", lists.length, (sequences as ArrayLike<Integers>).length, "sequences");
  else checkLength("times", times.length, (sequences as { items: Integers }).items.length, "items");
  const count = flat ? sequences.offsets.length - 1 : sequences.length;
  let newest = -Infinity;
  for (let s = 0; s < count; s++) {
    const own = lists ? lists[s]! : times as ArrayLike<number>;
    if (lists) {
      checkArray(`times of sequence ${s}`, own);
      checkLength(`times of sequence ${s}`, own.length, (sequences as ArrayLike<Integers>)[s]!.length, "its items");
    }
    const begin = flat ? sequences.offsets[s]! : 0, end = flat ? sequences.offsets[s + 1]! : own.length;
    for (let at = begin; at < end; at++) {
      if (typeof own[at] !== "number" || !Number.isFinite(own[at])) {
        throw new (typeof own[at] === "number" ? RangeError : TypeError)(
          `${ACTION} as times must be finite numbers: that of item ${at - begin} of sequence ${s} is ${shown(own[at])}`,
        );
      }
      if (at > begin && own[at]! < own[at - 1]!) {
        throw new RangeError(
          `${ACTION} as the items of a sequence must come oldest first: times of sequence ${s} go from ${
            own[at - 1]
          } back to ${own[at]}`,
        );
      }
    }
    if (end > begin) newest = Math.max(newest, own[end - 1]!);
  }
  return (s, at) => 2 ** (((lists ? lists[s]! : times as ArrayLike<number>)[at]! - newest) / halfLife);
}
