import type { Device, Tensor } from "../device/device.ts";
import type { Shape } from "../device/shape.ts";
import { PartialSums } from "./partial_sums.ts";

/**
 * A matrix that operations make, and its gradient once the operations after it have run backward.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tensor = device.zeros("f32", [2, 4]);
 * const x = new Variable(tensor);
 * assertEquals([x.tensor.shape, x.gradient], [[2, 4], null]);
 * ```
 */
export class Variable {
  /** Its values. */
  readonly tensor: Tensor<"f32">;
  /** Gradient of the loss, of the shape of `tensor`; null until something has been written to it. */
  gradient: Tensor<"f32"> | null = null;
  /** First columns of the parts whose gradient has been written: see {@linkcode Tape.gradientOf}. */
  readonly written: Set<number> = new Set();

  /**
   * Wraps a matrix.
   *
   * @param tensor Its values.
   */
  constructor(tensor: Tensor<"f32">) {
    this.tensor = tensor;
  }
}

/** Some columns of a variable: what an operation reads or writes where it does not take all of it. */
export interface Columns {
  /** The variable. */
  readonly variable: Variable;
  /** First column, a multiple of 4. */
  readonly first: number;
  /** Number of columns, a multiple of 4. */
  readonly count: number;
}

/**
 * All columns of a variable.
 *
 * @param x A variable, or some of its columns.
 * @returns The columns.
 */
export function columnsOf(x: Variable | Columns): Columns {
  return "variable" in x ? x : { variable: x, first: 0, count: x.tensor.stride };
}

/** What a mask of dropout depends on besides its place. */
export interface DropoutKey {
  /** Seed of the training run. */
  readonly seed: number;
  /** Training step, counted from 1. */
  readonly step: number;
}

/**
 * Records operations as they run forward, and runs them backward. The tensors of one pass live as long as the tape.
 * Without a dropout key the pass is one of inference: nothing is recorded and nothing is dropped.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { activation, Tape, Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, { seed: 1, step: 1 });
 * const x = new Variable(tape.upload(new Float32Array([-1, 2, -3, 4]), [1, 4]));
 * const y = activation(tape, x, { kind: "relu" });
 * y.gradient = tape.upload(new Float32Array([1, 1, 1, 1]), [1, 4]); // of a loss that is the sum of y
 * tape.backward();
 * assertEquals([...await device.read(x.gradient!)], [0, 1, 0, 1]);
 * ```
 */
export class Tape implements Disposable {
  /** The device that operations run on. */
  readonly device: Device;
  readonly #key: DropoutKey | null;
  readonly #owned = new DisposableStack();
  readonly #backward: (() => void)[] = [];
  readonly #sums = new Map<Tensor<"f32">, PartialSums>();
  #sites = 0;

  /**
   * Begins a pass.
   *
   * @param device The device that operations run on.
   * @param key What dropout masks depend on; null for inference.
   */
  constructor(device: Device, key: DropoutKey | null) {
    this.device = device;
    this.#key = key;
  }

  /** Whether gradients are wanted. */
  get training(): boolean {
    return this.#key !== null;
  }

  /**
   * Allocates a tensor that lives as long as the tape.
   *
   * @param shape Its shape.
   * @returns The tensor, with undefined elements.
   */
  empty(shape: Shape): Tensor<"f32"> {
    return this.#owned.use(this.device.empty("f32", shape));
  }

  /**
   * Uploads a vector of indices or a matrix that lives as long as the tape.
   *
   * @param data The elements.
   * @param shape Rows and columns of a matrix.
   * @returns The tensor.
   */
  upload(data: Uint32Array): Tensor<"u32">;
  /** See the overload for indices. */
  upload(data: Float32Array, shape: Shape): Tensor<"f32">;
  upload(data: Uint32Array | Float32Array, shape?: Shape): Tensor {
    return this.#owned.use(
      data instanceof Float32Array ? this.device.upload(data, shape) : this.device.upload(data),
    );
  }

  /**
   * Allocates a variable.
   *
   * @param rows Number of rows.
   * @param columns Number of columns.
   * @returns The variable, with undefined elements.
   */
  variable(rows: number, columns: number): Variable {
    return new Variable(this.empty([rows, columns]));
  }

  /**
   * Scalars of a place where elements are dropped: places are numbered in the order in which they are asked for, so that
   * each has masks of its own in every step.
   *
   * @param rate Probability of dropping an element.
   * @returns Scalars of kernels that draw masks.
   */
  dropout(rate: number): { seed: number; step: number; site: number; threshold: number; scale: number } {
    const site = this.#sites++;
    if (this.#key === null || rate === 0) return { seed: 0, step: 0, site, threshold: 0, scale: 1 };
    return { ...this.#key, site, threshold: Math.round(rate * 2 ** 32), scale: Math.fround(1 / (1 - rate)) };
  }

  /**
   * Records how gradients flow back through an operation that has run.
   *
   * @param backward Launches it; called with the gradients of what the operation made complete.
   */
  record(backward: () => void): void {
    if (this.training) this.#backward.push(backward);
  }

  /**
   * Where an operation puts the gradient of what it took.
   *
   * @param variable What it took.
   * @param first First column of the part that it took: parts of a variable never overlap but where they are the same.
   * @returns The gradient, and whether it is to be added to (1) or is yet to be written (0).
   */
  gradientOf(variable: Variable, first = 0): { tensor: Tensor<"f32">; accumulate: 0 | 1 } {
    const tensor = variable.gradient ??= this.empty(variable.tensor.shape);
    const accumulate = variable.written.has(first) ? 1 : 0;
    variable.written.add(first);
    return { tensor, accumulate };
  }

  /**
   * What the operations of the pass leave to be added up at its end.
   *
   * @param gradient The gradient of parameters that the sums go to.
   * @returns The sums.
   */
  sumsInto(gradient: Tensor<"f32">): PartialSums {
    const sums = this.#sums.get(gradient) ?? new PartialSums(this, gradient);
    this.#sums.set(gradient, sums);
    return sums;
  }

  /** Runs all operations backward, then adds up what they left. The gradient of what the last of them made is to be there. */
  backward(): void {
    for (let at = this.#backward.length - 1; at >= 0; at--) this.#backward[at]!();
    for (const sums of this.#sums.values()) sums.finish();
  }

  /** Gives the memory of the pass back. */
  [Symbol.dispose](): void {
    this.#owned.dispose();
  }
}
