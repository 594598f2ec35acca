/**
 * What the self-checks of kernels share: random inputs, poison for what must be overwritten, and the comparison of what
 * a device computed with what a float64 oracle says it should have.
 *
 * @module
 */
import type { Device, Tensor } from "../src/device/device.ts";
import type { Kernel, LaunchShape } from "../src/device/kernel.ts";
import type { Shape } from "../src/device/shape.ts";
import { below, Philox, unit } from "../src/philox.ts";

/** Unit roundoff of float32: what one correctly rounded operation adds at most, relative to its result. */
export const ROUNDOFF: number = 2 ** -24;

/** The least normal float32. Devices may take what is smaller for 0, so no tolerance of a rounded result is below it. */
export const TINY: number = 2 ** -126;

/** The pattern that outputs hold before a launch: a NaN as f32, and an index out of all ranges as u32. */
export const POISON = 0x7fc0dead;

/** Stream of the draws of checks, apart from those of training. */
const CHECK_STREAM = 0x636865;

/** Elements an oracle expects, and how far a device may be off. A tolerance of 0 asks for the value itself. */
export interface Expected {
  /** Exact results, but for float64 rounding. NaN says that the poison must still be there. */
  readonly values: Float64Array;
  /** Largest absolute error of each; Infinity where anything goes. */
  readonly tolerance: Float64Array;
}

/** Outcome of one check of one kernel. */
export interface CheckResult {
  /** Name of the kernel. */
  readonly kernel: string;
  /** The sizes and options that it was launched with. */
  readonly case: string;
  /** The largest error relative to its tolerance: the check passes up to 1. */
  readonly worst: number;
  /** Where the largest error is, and what is there. */
  readonly detail: string;
}

/** A kernel and the launches that a self-check makes of it. */
export interface KernelCheck {
  /** Name of the kernel. */
  readonly kernel: string;
  /** Its WGSL. */
  readonly wgsl: string;
  /** One function for each case. */
  readonly cases: readonly ((device: Device) => Promise<CheckResult>)[];
  /** The same launches of the kernel as it is not meant to be, by which a test finds out whether they would notice. */
  readonly changed: (change: KernelChange) => KernelCheck;
}

/** What is put in place of a part of a kernel. */
export interface KernelChange {
  /** WGSL in place of the kernel's. */
  readonly wgsl?: string;
  /** Makes another shape of that of each launch. */
  readonly reshape?: (shape: LaunchShape) => LaunchShape;
}

/** Sizes and options of one check, by name. */
export type Case = object;

/**
 * Room for what an oracle expects.
 *
 * @param length Number of elements.
 * @returns Values and tolerances of 0.
 */
export function expectedZeros(length: number): Expected {
  return { values: new Float64Array(length), tolerance: new Float64Array(length) };
}

/**
 * Expects a buffer to be as it was before the launch.
 *
 * @param before What was in it.
 * @returns The same values, with a tolerance of 0.
 */
export function unchanged(before: Float32Array): Expected {
  return { values: Float64Array.from(before), tolerance: new Float64Array(before.length) };
}

/** Random numbers in sequence, a function of the seed. */
export class Draws {
  readonly #philox: Philox;
  #next = 0;

  /** @param seed An integer in [0, 2^32). */
  constructor(seed: number) {
    this.#philox = new Philox(seed, CHECK_STREAM);
  }

  /**
   * Draws an integer.
   *
   * @param bound Exclusive upper bound.
   * @returns An integer in [0, bound).
   */
  integer(bound: number): number {
    return below(this.#word(), bound);
  }

  /**
   * Draws a float32 with all bits of its mantissa in use.
   *
   * @param scale Bound of its magnitude.
   * @returns A float32 in (-scale, scale).
   */
  float(scale = 1): number {
    return Math.fround((2 * unit(this.#word()) - 1) * scale);
  }

  /**
   * Draws a matrix as a tensor stores it.
   *
   * @param rows Number of rows.
   * @param columns Columns that hold something.
   * @param scale Bound of the magnitudes.
   * @returns Rows of `columns` values each, padded with zeros to a multiple of four.
   */
  matrix(rows: number, columns: number, scale = 1): Float32Array<ArrayBuffer> {
    return this.#fill(rows, columns, () => this.float(scale));
  }

  /**
   * Draws a matrix of small integers, whose dot products are exact in float32 and often alike.
   *
   * @param rows Number of rows.
   * @param columns Columns that hold something.
   * @returns Rows of `columns` integers in [-2, 2], padded with zeros to a multiple of four.
   */
  integers(rows: number, columns: number): Float32Array<ArrayBuffer> {
    return this.#fill(rows, columns, () => this.integer(5) - 2);
  }

  #fill(rows: number, columns: number, draw: () => number): Float32Array<ArrayBuffer> {
    const stride = strideOf(columns);
    const matrix = new Float32Array(rows * stride);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) matrix[row * stride + column] = draw();
    }
    return matrix;
  }

  #word(): number {
    const at = this.#next++;
    if (at % 4 === 0) this.#philox.draw(at / 4);
    return this.#philox.words[at % 4]!;
  }
}

/**
 * Elements of a stored row.
 *
 * @param columns Columns that hold something.
 * @returns Columns rounded up to a multiple of four.
 */
export function strideOf(columns: number): number {
  return Math.ceil(columns / 4) * 4;
}

/**
 * Elements that no kernel computes, for buffers it must overwrite.
 *
 * @param length Number of elements.
 * @returns NaN throughout.
 */
export function poison(length: number): Float32Array<ArrayBuffer> {
  return new Float32Array(new Uint32Array(length).fill(POISON).buffer);
}

/** The tensors of one check, disposed of together. */
export class Tensors implements Disposable {
  readonly #device: Device;
  readonly #owned: Tensor[] = [];

  /** @param device The device to allocate on. */
  constructor(device: Device) {
    this.#device = device;
  }

  /**
   * Uploads floats. Padding is part of the data here, so that a check sees what a kernel does to it.
   *
   * @param data Elements.
   * @param shape Shape; a vector if omitted.
   * @returns The tensor.
   */
  floats(data: Float32Array, shape: Shape = [data.length]): Tensor<"f32"> {
    const tensor = this.#device.upload(data, shape);
    this.#owned.push(tensor);
    return tensor;
  }

  /**
   * Uploads integers.
   *
   * @param data Elements.
   * @returns The tensor.
   */
  integers(data: Uint32Array): Tensor<"u32"> {
    const tensor = this.#device.upload(data);
    this.#owned.push(tensor);
    return tensor;
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#owned) tensor.dispose();
  }
}

/** Collects the worst error over the outputs of a launch. */
export class Comparison {
  #worst = 0;
  #detail = "exact";

  /**
   * Compares floats.
   *
   * @param name Name of the buffer.
   * @param actual What the device computed.
   * @param expected What the oracle expects.
   */
  floats(name: string, actual: Float32Array, { values, tolerance }: Expected): void {
    for (let at = 0; at < values.length; at++) {
      const is = actual[at]!, be = values[at]!, off = tolerance[at]!;
      if (off === Infinity) continue;
      const same = is === be || (Number.isNaN(be) && Number.isNaN(is));
      const error = same ? 0 : Math.abs(is - be);
      // Not a plain quotient: 0 of a tolerance of 0 is right, and NaN is wrong
      const ratio = error === 0 ? 0 : error > 0 ? error / off : Infinity;
      if (ratio > this.#worst) this.at(ratio, `${name}[${at}] is ${is}: expected ${be} within ${off.toExponential(1)}`);
    }
  }

  /**
   * Compares integers, which are exact.
   *
   * @param name Name of the buffer.
   * @param actual What the device computed.
   * @param expected What the oracle expects.
   */
  integers(name: string, actual: Uint32Array, expected: ArrayLike<number>): void {
    for (let at = 0; at < expected.length; at++) {
      if (actual[at] !== expected[at]) this.at(Infinity, `${name}[${at}] is ${actual[at]}: expected ${expected[at]}`);
    }
  }

  /**
   * Takes an error in.
   *
   * @param ratio The error relative to its tolerance.
   * @param detail Where it is and what is there.
   */
  at(ratio: number, detail: string): void {
    if (!(ratio > this.#worst)) return;
    this.#worst = ratio;
    this.#detail = detail;
  }

  /**
   * Ends the comparison.
   *
   * @param kernel Name of the kernel.
   * @param options Sizes and options of the case.
   * @returns The outcome.
   */
  result(kernel: string, options: Case): CheckResult {
    return { kernel, case: describe(options), worst: this.#worst, detail: this.#detail };
  }
}

/**
 * Makes a list of cases into functions of the device.
 *
 * @param kernel The kernel.
 * @param check Checks one case of it, or of one in its place.
 * @param cases The cases.
 * @returns The kernel with its checks.
 */
export function checksOf<Bindings extends string, Params extends string, C extends Case>(
  kernel: Kernel<Bindings, Params>,
  check: (device: Device, options: C, kernel: Kernel<Bindings, Params>) => Promise<CheckResult>,
  cases: readonly C[],
): KernelCheck {
  return {
    kernel: kernel.name,
    wgsl: kernel.wgsl,
    cases: cases.map((options) => (device: Device) => check(device, options, kernel)),
    changed: ({ wgsl = kernel.wgsl, reshape = (shape) => shape }) =>
      checksOf({ ...kernel, wgsl, shape: (scalars) => reshape(kernel.shape(scalars)) }, check, cases),
  };
}

function describe(options: Case): string {
  const entries = Object.entries(options).filter(([, value]) => value !== false);
  return entries.map(([name, value]) => value === true ? name : `${name} ${value}`).join(", ");
}
