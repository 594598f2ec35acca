import { checkOptions } from "../options.ts";
import { buildNormalised, type NormalisedCsr, type PairVisitor } from "./_build.ts";
import { ACTION, checkArray, checkCount, checkLength, checkRow, type Integers } from "./_checks.ts";

/** A bipartite log for {@linkcode Graph.fromInteractions}. */
export interface Interactions {
  /** User of each interaction, in [0, userCount). */
  readonly users: Integers;
  /** Item of each interaction, in [0, itemCount). */
  readonly items: Integers;
  /** Number of users: rows 0 to userCount - 1. */
  readonly userCount: number;
  /** Number of items: the rows after those of the users. */
  readonly itemCount: number;
}

const INTERACTIONS: readonly (keyof Interactions)[] = ["users", "items", "userCount", "itemCount"];

/**
 * See {@linkcode Graph.fromInteractions}.
 *
 * @param interactions The log.
 * @returns The normalised matrix.
 */
export function interactionCsr(interactions: Interactions): NormalisedCsr {
  checkOptions(ACTION, interactions, INTERACTIONS, "the interactions");
  const { users, items, userCount, itemCount } = interactions;
  checkCount("userCount", userCount, 0);
  checkCount("itemCount", itemCount, 0);
  checkArray("users", users);
  checkArray("items", items);
  checkLength("items", items.length, users.length, "users");
  for (let at = 0; at < users.length; at++) {
    checkRow("user", users[at]!, userCount);
    checkRow("item", items[at]!, itemCount);
  }
  const visit: PairVisitor = (emit) => {
    for (let at = 0; at < users.length; at++) emit(users[at]!, userCount + items[at]!, 1);
  };
  return buildNormalised(userCount + itemCount, visit, { weighted: false, distinct: true });
}
