import type { Graph } from "../graph/graph.ts";
import type { Stack } from "./_stack.ts";
import type { SevoState } from "./state.ts";

/** A graph for all tables, or where there are groups for the one that is smoothed; or a graph for each group. */
export type StepGraph = Graph | null | readonly (Graph | null)[];

/**
 * The graph of each stack.
 *
 * @param state The state.
 * @param given A graph, or one for each group.
 * @param what What cannot be done otherwise, for messages, and how many rows the graph of a stack must have.
 * @returns A graph for each stack, or null where it is not smoothed.
 * @throws {TypeError} If a graph is missing or not wanted.
 * @throws {RangeError} If a graph has another number of rows.
 */
export function graphsOf(
  { stacks, options: { groups } }: SevoState,
  given: StepGraph,
  { action, rowsOf }: { readonly action: string; readonly rowsOf: (stack: Stack) => number },
): (Graph | null)[] {
  const smoothed = stacks.filter(({ rule }) => rule.propagation);
  if (given !== null && "length" in given) {
    if (given.length !== groups.length) {
      throw new TypeError(
        `${action} as there must be a graph for each of ${groups.length} groups: there are ${given.length}`,
      );
    }
    return stacks.map((stack) =>
      checkGraph(stack, stack.group < 0 ? null : given[stack.group]!, rowsOf(stack), action)
    );
  }
  if (smoothed.length > 1) {
    throw new TypeError(`${action} with one graph as more than one group is smoothed: pass one for each group`);
  }
  if (given && smoothed.length === 0) {
    throw new TypeError(`${action} with a graph as the state has no propagation: pass no graph`);
  }
  return stacks.map((stack) => checkGraph(stack, stack.rule.propagation ? given : null, rowsOf(stack), action));
}

function checkGraph(
  { rule: { propagation }, names }: Stack,
  graph: Graph | null,
  rows: number,
  action: string,
): Graph | null {
  if (!propagation) {
    if (!graph) return null;
    throw new TypeError(`${action} with a graph for table '${names[0]}' as its group is not smoothed: pass null`);
  }
  if (!graph) {
    throw new TypeError(`${action} as '${propagation.mode}' propagation needs a graph: current value is ${graph}`);
  }
  if (graph.rows !== rows) {
    throw new RangeError(`${action} as the graph has ${graph.rows} rows: expected ${rows}, those of all tables`);
  }
  return graph;
}
