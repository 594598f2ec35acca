import { checkOptions, checkType } from "../options.ts";
import { buildNormalised, type NormalisedCsr, type PairVisitor } from "./_build.ts";
import { ACTION, checkArray, checkCount, checkLength, checkRow, type Integers } from "./_checks.ts";

/** A list of edges for {@linkcode Graph.fromEdges}. */
export interface Edges {
  /** Rows of the graph. One that no edge names is isolated. */
  readonly rows: number;
  /** One end of each edge, in [0, rows). */
  readonly sources: Integers;
  /** The other end of each edge, in [0, rows); the same as its source for a self-loop. */
  readonly targets: Integers;
  /** Weight of each edge, positive. Default 1 each. */
  readonly weights?: ArrayLike<number>;
}

const EDGES: readonly (keyof Edges)[] = ["rows", "sources", "targets", "weights"];

/**
 * See {@linkcode Graph.fromEdges}.
 *
 * @param edges Ends and weights of the edges.
 * @returns The normalised matrix.
 */
export function edgeCsr(edges: Edges): NormalisedCsr {
  checkOptions(ACTION, edges, EDGES, "the edges");
  const { rows, sources, targets, weights } = edges;
  checkCount("rows", rows, 0);
  checkArray("sources", sources);
  checkArray("targets", targets);
  if (weights !== undefined) checkArray("weights", weights);
  checkLength("targets", targets.length, sources.length, "sources");
  if (weights) checkLength("weights", weights.length, sources.length, "sources");
  for (let at = 0; at < sources.length; at++) {
    checkRow("source", sources[at]!, rows);
    checkRow("target", targets[at]!, rows);
    if (weights && typeof weights[at] !== "number") checkType(ACTION, `weight ${at}`, weights[at], "number");
    if (weights && !(Math.fround(weights[at]!) > 0 && Math.fround(weights[at]!) < Infinity)) {
      throw new RangeError(
        `${ACTION} as weight ${at} must be positive and finite: current value is ${weights[at]}`,
      );
    }
  }
  const visit: PairVisitor = (emit) => {
    for (let at = 0; at < sources.length; at++) emit(sources[at]!, targets[at]!, weights ? weights[at]! : 1);
  };
  return buildNormalised(rows, visit, { weighted: weights !== undefined });
}
