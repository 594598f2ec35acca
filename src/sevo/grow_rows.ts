import type { Graph } from "../graph/graph.ts";
import { checkOptions, checkType, shown } from "../options.ts";
import { partsOf, type Stack, STACK_PARTS, type StackPart } from "./_stack.ts";
import { makeState } from "./init.ts";
import { meanNorm, smoothIn } from "./smooth_in.ts";
import type { SevoState } from "./state.ts";
import { graphsOf, type StepGraph } from "./step_graph.ts";
import type { TableInit } from "./table_init.ts";

/** New rows of one table. */
export interface NewRows {
  /** Their number. They come after those that the table has. */
  readonly rows: number;
  /** Their row-major elements. By default each is made of its neighbours in the graph. */
  readonly data?: Float32Array;
}

const ACTION = "Cannot grow a state";

/**
 * A state with more rows: new users and items of a model that goes on. New rows come at the end of their tables, with
 * moments of 0. All other rows, and their moments, stay what they are to the bit. The old state is taken.
 *
 * Without data a new row is the mean of its neighbours in the graph, weighted by the entries of the normalised adjacency
 * and stretched to the mean length of the rows that there were; one that no path leads to is 0.
 *
 * @example
 * ```ts
 * import { Graph, growRows, openDevice, sevoInit } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const item = { data: new Float32Array([1, 0, 3, 0]), shape: [2, 2] as const };
 * const propagation = { mode: "neumann", beta: 0.9 } as const;
 * let state = sevoInit(device, { item }, { rule: "adamw", learningRate: 0.1, propagation });
 * const graph = Graph.fromEdges({ rows: 3, sources: [0, 1], targets: [2, 2] }); // row 2 is new
 * state = await growRows(state, { item: { rows: 1 } }, graph);
 * assertEquals([...(await state.read()).item], [1, 0, 3, 0, 2, 0]);
 * ```
 *
 * @typeParam Names Names of the tables.
 * @param state The state.
 * @param growth New rows by table.
 * @param graph The graph over the rows that there are to be, or one for each group, as for `sevoStep`. Needed where
 * rows are made of their neighbours.
 * @returns The larger state, of as many steps.
 * @throws {StateTakenError} If the state was taken before.
 * @throws {TypeError} If there is no such table, `data` does not have as many rows, or a graph is missing.
 * @throws {RangeError} If a number of rows is no count, a graph has another number of rows, an element is not finite, or
 * the device has no memory for the larger state. The state stays usable then.
 * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
 */
export async function growRows<Names extends string>(
  state: SevoState<Names>,
  growth: { readonly [Name in Names]?: NewRows },
  graph: StepGraph = null,
): Promise<SevoState<Names>> {
  const { device, options, names, shapes, step, stacks } = state;
  checkOptions(ACTION, growth, names, "the new rows");
  const added = Object.fromEntries(
    names.map((
      name,
    ) => [name, checkGrowth(name, Object.hasOwn(growth, name) ? growth[name] : undefined, shapes[name])]),
  );
  const graphs = graph === null
    ? []
    : graphsOf(state, graph, { action: ACTION, rowsOf: (stack) => grownRows(stack, added) });
  const wanted = stacks.flatMap((stack, at) => {
    if (!stack.names.some((name) => added[name]!.rows > 0 && !added[name]!.data)) return [];
    const over = graphs[at];
    if (over) return [{ stack, over }];
    throw new TypeError(
      `${ACTION} as new rows of '${stack.names[0]}' without data are made of their neighbours: give a graph`,
    );
  });
  const [found] = await Promise.all([
    Promise.all(STACK_PARTS.map((part) => partsOf(stacks, part))),
    state.check(),
  ]);
  const all = Object.fromEntries(STACK_PARTS.map((part, at) => [part, grown(found[at] ?? {}, shapes, added)])) as {
    readonly [Part in StackPart]: { readonly [name: string]: TableInit };
  };
  for (const [name, { data }] of Object.entries(added)) {
    if (data) all.parameter[name]!.data.set(data, all.parameter[name]!.data.length - data.length);
  }
  for (const { stack, over } of wanted) fill(stack, all.parameter, added, over);
  // The average of a new row begins where the row does
  for (const [name, average] of Object.entries(all.average)) {
    const begin = average.data.length - added[name]!.rows * average.shape[1];
    average.data.set(all.parameter[name]!.data.subarray(begin), begin);
  }
  const { parameter, ...kept } = all;
  const larger = makeState(device, parameter as { readonly [Name in Names]: TableInit }, options, step, kept);
  state[Symbol.dispose]();
  return larger;
}

function checkGrowth(
  name: string,
  growth: NewRows | undefined,
  [, columns]: readonly [number, number],
): NewRows {
  if (growth === undefined) return { rows: 0 };
  checkOptions(ACTION, growth, ["rows", "data"], `the new rows of '${name}'`);
  const { rows, data } = growth;
  checkType(ACTION, `rows of '${name}'`, rows, "number");
  if (!Number.isSafeInteger(rows) || rows < 0) {
    throw new RangeError(`${ACTION} as rows of '${name}' must be a count: current value is ${rows}`);
  }
  if (data === undefined) return { rows };
  if (!(data instanceof Float32Array)) {
    throw new TypeError(`${ACTION} as data of '${name}' must be a Float32Array: current value is ${shown(data)}`);
  }
  if (data.length !== rows * columns) {
    throw new TypeError(
      `${ACTION} as data of '${name}' has ${data.length} elements: expected ${rows} rows of ${columns}`,
    );
  }
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return { rows, data };
  throw new RangeError(
    `${ACTION} as data of '${name}' must be finite: row ${Math.floor(bad / columns)} has ${data[bad]}`,
  );
}

/** Rows of a stack when it has grown. */
function grownRows({ names, rows }: Stack, added: { readonly [name: string]: NewRows }): number {
  return names.reduce((sum, name, at) => sum + rows[at]! + added[name]!.rows, 0);
}

/** Tables with new rows of 0. */
function grown(
  tables: { readonly [name: string]: Float32Array },
  shapes: { readonly [name: string]: readonly [number, number] },
  added: { readonly [name: string]: NewRows },
): { readonly [name: string]: TableInit } {
  return Object.fromEntries(
    Object.keys(shapes).filter((name) => Object.hasOwn(tables, name)).map((name) => {
      const [rows, columns] = shapes[name]!, shape = [rows + added[name]!.rows, columns] as const;
      const data = new Float32Array(shape[0] * columns);
      data.set(tables[name]!);
      return [name, { data, shape }];
    }),
  );
}

/** Makes the new rows of a stack that came without data of their neighbours. */
function fill(
  { names }: Stack,
  tables: { readonly [name: string]: TableInit },
  added: { readonly [name: string]: NewRows },
  graph: Graph,
): void {
  const width = tables[names[0]!]!.shape[1];
  const data = new Float32Array(graph.rows * width), isNew = new Uint8Array(graph.rows);
  let row = 0;
  for (const name of names) {
    const { data: own, shape: [rows] } = tables[name]!, { rows: fresh, data: given } = added[name]!;
    data.set(own, row * width);
    row += rows;
    if (!given) isNew.fill(1, row - fresh, row);
  }
  smoothIn(graph, { data, width, isNew, norm: meanNorm({ data, width, isNew }, 0) });
  row = 0;
  for (const name of names) {
    const { data: own, shape: [rows] } = tables[name]!;
    own.set(data.subarray(row * width, (row + rows) * width));
    row += rows;
  }
}
