import { Graph } from "../graph/graph.ts";
import type { Dataset } from "./dataset.ts";

/**
 * The graph of users and their training items: users first, then items.
 *
 * @param dataset The dataset.
 * @returns The normalised graph of `userCount + itemCount` rows.
 */
export function userItemGraph({ userCount, itemCount, train: { offsets, items } }: Dataset): Graph {
  const users = new Uint32Array(items.length);
  for (let user = 0; user < userCount; user++) users.fill(user, offsets[user], offsets[user + 1]);
  return Graph.fromInteractions({ users, items, userCount, itemCount });
}
