import type { Device, Tensor } from "../device/device.ts";
import type { DType, Shape } from "../device/shape.ts";
import type { DeviceGraph } from "../graph/_device_graph.ts";
import { NonFiniteError, unconverged } from "./errors.ts";
import type { ResolvedOptions, Stacked } from "./options.ts";
import type { ResolvedRule } from "./rule_options.ts";
import { momentsOf } from "./state_file.ts";
import type { TableInit } from "./table_init.ts";

type Tables = { readonly [name: string]: TableInit };

/** What a stack keeps of its tables, row by row. */
export type StackPart = "parameter" | "moment1" | "moment2" | "average";

/** What a stack keeps of its tables, row by row. */
export const STACK_PARTS: readonly StackPart[] = ["parameter", "moment1", "moment2", "average"];

/** Tensors of a stack. */
export interface StackTensors {
  /** The tables, below each other. */
  readonly parameter: Tensor<"f32">;
  /** First moments, bias-corrected, or the momentum of sgd or lion. Null where the rule keeps none. */
  readonly moment1: Tensor<"f32"> | null;
  /** Second moments, bias-corrected, or the sum of squares of adagrad. Null where the rule keeps none. */
  readonly moment2: Tensor<"f32"> | null;
  /** Moving average of the tables. Null where none is kept. */
  readonly average: Tensor<"f32"> | null;
  /** The unsmoothed direction of the last step, which idle rows keep, laid out and scaled as propagation reads it. */
  readonly direction: Tensor<"f32"> | null;
  /** Rows of the stack that stay as they are, or null. */
  readonly frozenRows: Tensor<"u32"> | null;
  /** What is in them. */
  readonly frozenValues: Tensor<"f32"> | null;
  /** Rows of the stack that do not decay, or null. */
  readonly undecayedRows: Tensor<"u32"> | null;
  /**
   * For each table three words: the first step whose gradient was not finite, or 0; the first that left a moment that was
   * not finite, or without propagation an element of the table; and the factor that clips the gradient, as its bits.
   */
  readonly statuses: readonly Tensor<"u32">[];
  /** The first step whose propagation did not converge, or 0. */
  readonly convergence: Tensor<"u32">;
  /** The first step whose propagation left an element of a table that was not finite, or 0. */
  readonly overflow: Tensor<"u32">;
}

/** Tables that are moved together, on a device. */
export interface Stack extends Stacked {
  /** Rows of each table. */
  readonly rows: readonly number[];
  /** Columns of all of them. */
  readonly columns: number;
  /** The tensors. */
  readonly tensors: StackTensors;
  /** The graph that `direction` is scaled for; null where it does not hold the last step's, as the state is new or loaded. */
  readonly directionOf: DeviceGraph | null;
}

/**
 * Puts tables on a device.
 *
 * @param device The device.
 * @param stacked Which tables, and how they are moved.
 * @param parts Tables, and moments and averages as far as they are not those of a new state.
 * @param options Which rows are frozen or do not decay, and whether a moving average is kept.
 * @returns The stack.
 * @throws {TypeError} If the tables are of different widths.
 * @throws {RangeError} If they have together no rows, or the device cannot hold them; nothing is kept then.
 */
export function makeStack(
  device: Device,
  stacked: Stacked,
  parts: { readonly parameter: Tables } & { readonly [Part in StackPart]?: Tables },
  { frozen, undecayed, ema }: Pick<ResolvedOptions, "frozen" | "undecayed" | "ema">,
): Stack {
  const { names, rule } = stacked;
  const shape = stackedShape(names, parts.parameter), wanted = momentsOf(rule);
  const rows = names.map((name) => parts.parameter[name]!.shape[0]);
  using made = new DisposableStack();
  const zeros = <D extends DType>(dtype: D, shape: Shape): Tensor<D> => made.use(device.zeros(dtype, shape));
  const upload = (tables: Tables) => made.use(device.upload(stack(names.map((name) => tables[name]!.data)), shape));
  const moment = (name: "moment1" | "moment2") =>
    !wanted[name] ? null : parts[name] ? upload(parts[name]) : zeros("f32", shape);
  const listed = (rowsOf: ResolvedOptions["frozen"]) => {
    const found = stackedRows(names, rows, rowsOf);
    return found.length > 0 ? found : null;
  };
  const kept = listed(frozen), spared = listed(undecayed);
  const tensors: StackTensors = {
    parameter: upload(parts.parameter),
    moment1: moment("moment1"),
    moment2: moment("moment2"),
    average: ema === null ? null : upload(parts.average ?? parts.parameter),
    direction: rule.propagation ? zeros("f32", shape) : null,
    frozenRows: kept && made.use(device.upload(kept)),
    frozenValues: kept && made.use(device.upload(pickRows(names, parts.parameter, kept), [kept.length, shape[1]])),
    undecayedRows: spared && made.use(device.upload(spared)),
    statuses: names.map(() => zeros("u32", [3])),
    convergence: zeros("u32", [1]),
    overflow: zeros("u32", [1]),
  };
  made.move();
  return { ...stacked, rows, columns: shape[1], tensors, directionOf: null };
}

/** Rows of a stack, from rows of its tables. */
function stackedRows(
  names: readonly string[],
  rows: readonly number[],
  rowsOf: ResolvedOptions["frozen"],
): Uint32Array<ArrayBuffer> {
  const found: number[] = [];
  let firstRow = 0;
  names.forEach((name, at) => {
    // A table may be called `constructor`
    const own = Object.hasOwn(rowsOf, name) ? rowsOf[name]! : [];
    const list = own === true ? Array.from({ length: rows[at]! }, (_, row) => row) : own;
    for (const row of list) found.push(firstRow + row);
    firstRow += rows[at]!;
  });
  return Uint32Array.from(found);
}

/** Some rows of a stack. */
function pickRows(names: readonly string[], tables: Tables, rows: Uint32Array): Float32Array {
  const all = stack(names.map((name) => tables[name]!.data)), columns = tables[names[0]!]!.shape[1];
  const picked = new Float32Array(rows.length * columns);
  rows.forEach((row, at) => picked.set(all.subarray(row * columns, (row + 1) * columns), at * columns));
  return picked;
}

/**
 * Copies the tensors of a stack.
 *
 * @param device Their device.
 * @param tensors The tensors.
 * @returns The copies.
 * @throws {RangeError} If the device cannot hold them; nothing is kept then.
 */
export function copyTensors(device: Device, { statuses, ...tensors }: StackTensors): StackTensors {
  using made = new DisposableStack();
  const copy = (tensor: Tensor): Tensor => made.use(device.copy(tensor));
  const copies = Object.fromEntries(
    Object.entries<Tensor | null>(tensors).map(([name, tensor]) => [name, tensor && copy(tensor)]),
  );
  const all = { ...copies, statuses: statuses.map(copy) };
  made.move();
  return all as unknown as StackTensors;
}

/**
 * Gives the memory of a stack's tensors back.
 *
 * @param tensors The tensors.
 */
export function disposeTensors({ statuses, ...tensors }: StackTensors): void {
  for (const tensor of [...Object.values(tensors), ...statuses]) tensor?.dispose();
}

/**
 * Reads one part of each table of a stack.
 *
 * @param stack The stack.
 * @param part The part.
 * @returns Row-major elements by table; null where the stack keeps no such part.
 */
export async function readPart(
  stack: Stack,
  part: StackPart,
): Promise<[name: string, data: Float32Array<ArrayBuffer>][] | null> {
  const tensor = stack.tensors[part];
  return tensor && split(stack, await tensor.device.read(tensor));
}

/**
 * Reads one part of the tables of all stacks that keep it.
 *
 * @param stacks The stacks.
 * @param part The part.
 * @returns Row-major elements by table; null where no stack keeps it.
 */
export async function partsOf(
  stacks: readonly Stack[],
  part: StackPart,
): Promise<{ readonly [name: string]: Float32Array<ArrayBuffer> } | null> {
  const parts = await Promise.all(stacks.map((stack) => readPart(stack, part)));
  return parts.some((tables) => tables) ? Object.fromEntries(parts.flatMap((tables) => tables ?? [])) : null;
}

/**
 * Waits for the steps of a stack and collects what went wrong in them.
 *
 * @param stack The stack.
 * @returns Errors about values that are not finite, and whether a propagation did not converge.
 */
export async function reportOf(stack: Stack): Promise<{ nonFinite: NonFiniteError[]; failed: boolean }> {
  const { names, tensors: { parameter, statuses, convergence, overflow } } = stack;
  const words = await Promise.all([...statuses, convergence, overflow].map((status) => status.device.read(status)));
  const [beyond, failed] = [words.pop()![0]!, words.pop()![0]!];
  const nonFinite: NonFiniteError[] = [];
  words.forEach(([gradient], at) => gradient && nonFinite.push(new NonFiniteError(names[at]!, gradient)));
  words.forEach(([, moments], at) => moments && nonFinite.push(new NonFiniteError(names[at]!, moments, "moments")));
  if (beyond) nonFinite.push(new NonFiniteError(await nonFiniteTable(stack, parameter), beyond, "table"));
  return { nonFinite, failed: failed !== 0 };
}

/**
 * Throws the first of what went wrong in some stacks.
 *
 * @param reports What {@linkcode reportOf} gave for each.
 * @param rules How each is moved.
 * @throws {NonFiniteError} If a gradient, a table or its moments had a value that is not finite.
 * @throws {ConvergenceError} If `exact` propagation did not reach its tolerance.
 */
export function throwFirst(
  reports: readonly { readonly nonFinite: readonly NonFiniteError[]; readonly failed: boolean }[],
  rules: readonly ResolvedRule[],
): void {
  const met = reports.flatMap(({ nonFinite }) => nonFinite);
  // Of those of one step, a gradient is the cause and the others follow from it.
  const parts = ["gradient", "moments", "table"];
  const [first] = met.toSorted((a, b) => a.step - b.step || parts.indexOf(a.part) - parts.indexOf(b.part));
  if (first) throw first;
  const failed = reports.findIndex(({ failed }) => failed);
  if (failed >= 0) throw unconverged(rules[failed]!.propagation!);
}

/** The first table that is not finite, if that can still be told: what has become so stays so but for a decay of 1. */
async function nonFiniteTable(stack: Stack, parameter: Tensor<"f32">): Promise<string> {
  // The state may have been taken and its memory given back while this waited for the report.
  if (parameter.disposed) return stack.names[0]!;
  const parts = split(stack, await parameter.device.read(parameter));
  return parts.find(([, data]) => !data.every(Number.isFinite))?.[0] ?? stack.names[0]!;
}

function split(
  { names, rows, columns }: Stack,
  all: Float32Array<ArrayBuffer>,
): [name: string, data: Float32Array<ArrayBuffer>][] {
  // A lone table is the stack: a second copy of a large one would be felt.
  if (names.length === 1) return [[names[0]!, all]];
  let end = 0;
  return names.map((name, at) => {
    const begin = end;
    end += rows[at]! * columns;
    return [name, all.slice(begin, end)];
  });
}

function stackedShape(names: readonly string[], tables: Tables): readonly [number, number] {
  const columns = tables[names[0]!]!.shape[1];
  for (const name of names) {
    const width = tables[name]!.shape[1];
    if (width === columns) continue;
    throw new TypeError(
      `Cannot make a state as tables that are smoothed together must have ${columns} columns: table '${name}' has ${width}`,
    );
  }
  const rows = names.reduce((sum, name) => sum + tables[name]!.shape[0], 0);
  if (rows === 0) throw new RangeError("Cannot make a state as its tables must have rows: they have 0");
  return [rows, columns];
}

function stack(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
