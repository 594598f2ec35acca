import type { Kernel, Scalars } from "./kernel.ts";
import { type DType, type HostArray, paddedWidth, type Shape } from "./shape.ts";

/** Which kind of device numbers live on. */
export type DeviceKind = "cpu" | "webgpu";

/**
 * Numbers that live on a device. A matrix is stored by rows, each padded with zeros to a multiple of four elements
 * (16 bytes), so that kernels always move whole vectors; a vector is contiguous. Not constructed directly: see
 * {@linkcode Device.empty} and {@linkcode Device.upload}.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tensor = device.upload(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]);
 * assertEquals([tensor.dtype, tensor.shape, tensor.stride, tensor.size], ["f32", [2, 3], 4, 8]);
 * ```
 */
export abstract class Tensor<D extends DType = DType> implements Disposable {
  /** The device that holds the elements. */
  abstract readonly device: Device;
  /** Element type. */
  readonly dtype: D;
  /** `[length]` or `[rows, columns]`. */
  readonly shape: Shape;
  /** Elements from the start of one row to the start of the next; 1 for a vector. */
  readonly stride: number;
  /** Stored elements, padding included. */
  readonly size: number;

  /**
   * Derives stride and size.
   *
   * @param dtype Element type.
   * @param shape `[length]` or `[rows, columns]`.
   */
  constructor(dtype: D, shape: Shape) {
    this.dtype = dtype;
    this.shape = shape;
    this.stride = shape.length === 2 ? paddedWidth(shape[1]) : 1;
    this.size = shape.length === 2 ? shape[0] * this.stride : shape[0];
  }

  /** Whether the memory has been given back. */
  abstract readonly disposed: boolean;

  /** Gives the memory back to the device's pool; a second call does nothing. */
  abstract dispose(): void;

  /** Same as {@linkcode Tensor.dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Consecutive rows of a matrix on a device. */
export interface RowRange {
  /** The matrix. */
  readonly tensor: Tensor<"f32">;
  /** First row. */
  readonly firstRow: number;
  /** Number of rows. */
  readonly rows: number;
}

/** Tensors of one launch by binding name; `null` where the kernel's scalars say that the buffer is not used. */
export type Bound<Names extends string> = { readonly [Name in Names]: Tensor | null };

/** Options of a single launch. */
export interface LaunchOptions {
  /**
   * Where the cpu device cuts the items into pieces of equal cost: ascending, from 0 to the number of items.
   * Without it pieces have equal counts. The result never depends on it.
   */
  readonly cuts?: Uint32Array;
}

/**
 * Where tensors live and kernels run. Two devices implement it with one behaviour: `cpu` (WebAssembly SIMD on all
 * cores) and `webgpu`. Kernels run in the order of their launches; only {@linkcode Device.read} and
 * {@linkcode Device.synchronize} wait for them.
 */
export interface Device extends AsyncDisposable {
  /** Kind of device. */
  readonly kind: DeviceKind;
  /** What it runs on: threads, or the adapter and whether it is software. */
  readonly description: string;
  /** Bytes held by live tensors, padding included. */
  readonly liveBytes: number;
  /** Kernel launches so far. */
  readonly launches: number;

  /**
   * Allocates a tensor with undefined elements.
   *
   * @param dtype Element type.
   * @param shape `[length]` or `[rows, columns]`.
   * @returns The tensor.
   * @throws {RangeError} If the device cannot hold it.
   */
  empty<D extends DType>(dtype: D, shape: Shape): Tensor<D>;

  /**
   * Allocates a tensor of zeros.
   *
   * @param dtype Element type.
   * @param shape `[length]` or `[rows, columns]`.
   * @returns The tensor.
   * @throws {RangeError} If the device cannot hold it.
   */
  zeros<D extends DType>(dtype: D, shape: Shape): Tensor<D>;

  /**
   * Allocates a tensor with the elements of an array.
   *
   * @param data Row-major elements.
   * @param shape `[length]` or `[rows, columns]`; by default a vector of all elements.
   * @returns The tensor, of the element type of the array.
   * @throws {TypeError} If `data` does not have as many elements as `shape`.
   */
  upload(data: Float32Array, shape?: Shape): Tensor<"f32">;
  /**
   * Allocates a tensor with the elements of an array.
   *
   * @param data Row-major elements.
   * @param shape `[length]` or `[rows, columns]`; by default a vector of all elements.
   * @returns The tensor, of the element type of the array.
   * @throws {TypeError} If `data` does not have as many elements as `shape`.
   */
  upload(data: Uint32Array, shape?: Shape): Tensor<"u32">;

  /**
   * Overwrites all elements of a tensor.
   *
   * @param tensor The tensor.
   * @param data Row-major elements.
   * @throws {TypeError} If `data` does not have as many elements as the tensor's shape.
   */
  write<D extends DType>(tensor: Tensor<D>, data: HostArray<D>): void;

  /**
   * Allocates a copy of a tensor.
   *
   * @param tensor The tensor.
   * @returns The copy.
   */
  copy<D extends DType>(tensor: Tensor<D>): Tensor<D>;

  /**
   * Sets all elements of a tensor to zero.
   *
   * @param tensor The tensor.
   */
  clear(tensor: Tensor): void;

  /**
   * Reads the elements back, after everything launched so far.
   *
   * @param tensor The tensor.
   * @returns Row-major elements.
   * @throws {DeviceLostError} If the device has gone.
   */
  read<D extends DType>(tensor: Tensor<D>): Promise<HostArray<D>>;

  /**
   * The elements as they are, on a device that has run what was launched when a launch returns: `cpu`.
   *
   * @param tensor The tensor.
   * @returns Row-major elements, or `null` on a device that would have to be waited for.
   */
  peek<D extends DType>(tensor: Tensor<D>): HostArray<D> | null;

  /**
   * Runs a kernel. Returns before it has finished on `webgpu`.
   *
   * @param kernel The kernel.
   * @param tensors A tensor for each of its bindings.
   * @param scalars A number for each of its scalars.
   * @param options How the cpu device cuts the work.
   * @throws {TypeError} If a tensor has another type than its binding, one that is written is bound twice, or an option
   * is unknown or of another type.
   * @throws {RangeError} If a scalar, a cut or the amount of work is out of range.
   */
  launch<Bindings extends string, Params extends string>(
    kernel: Kernel<Bindings, Params>,
    tensors: Bound<Bindings>,
    scalars: Scalars<Params>,
    options?: LaunchOptions,
  ): void;

  /**
   * Runs `work` and hands everything it launched to the device in one submit. Nests: the outermost batch submits.
   * A launch outside any batch is a batch of its own.
   *
   * @param work What to run.
   * @returns What it returned.
   */
  batch<T>(work: () => T): T;

  /**
   * Waits for everything launched so far.
   *
   * @throws {DeviceLostError} If the device has gone.
   */
  synchronize(): Promise<void>;
}

/**
 * The device has gone: it was lost, or it was disposed.
 *
 * @example
 * ```ts
 * import { DeviceLostError, openDevice } from "@sevo/sevo";
 * import { assertThrows } from "@std/assert";
 *
 * const device = await openDevice("cpu");
 * await device[Symbol.asyncDispose]();
 * assertThrows(() => device.zeros("f32", [4]), DeviceLostError);
 * ```
 */
export class DeviceLostError extends Error {
  /** `DeviceLostError`. */
  override name = "DeviceLostError";
}
