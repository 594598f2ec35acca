import { type Bound, type Device, DeviceLostError, type LaunchOptions, Tensor } from "../device.ts";
import type { Kernel, Scalars } from "../kernel.ts";
import { type DType, type HostArray, padRows, type Shape, stripRows } from "../shape.ts";
import { checkBindings, checkLaunchOptions, checkLength, dtypeOf, elementCount } from "../_checks.ts";
import { Heap } from "./_heap.ts";
import { Threads } from "./_threads.ts";
import { CONTROL } from "./_worker_body.ts";
import { Workers } from "./_workers.ts";
import { moduleBase64 } from "./module.generated.ts";

const { MAXIMUM_PIECES } = CONTROL;

/** Threads that may be asked for. */
export const MAXIMUM_THREADS = 256;

/** Threads that are started whatever the number of cores, so that tests find the same on every machine. */
const LEAST_MOST_THREADS = 8;

class CpuTensor<D extends DType> extends Tensor<D> {
  override readonly device: CpuDevice;
  readonly address: number;
  #disposed = false;

  constructor(device: CpuDevice, dtype: D, shape: Shape, address: number) {
    super(dtype, shape);
    this.device = device;
    this.address = address;
  }

  override get disposed(): boolean {
    return this.#disposed;
  }

  override dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.device.release(this);
  }
}

/** Cores of this machine, as far as they are known. */
function cores(): number {
  // Node has no navigator before version 21
  return (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency ?? 1;
}

/** Uint8Array.fromBase64 is younger than Node 24. */
function decodeBase64(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Whoever waits for pieces that are no count waits for ever, and cuts beyond their array lie in what comes after it. */
function checkWork(kernel: string, items: number, cuts: Uint32Array | undefined): void {
  if (!(Number.isSafeInteger(items) && items >= 0 && items < 2 ** 32)) {
    throw new RangeError(
      `Cannot launch kernel '${kernel}' as its items must be an integer from 0 to 4294967295: current value is ${items}`,
    );
  }
  if (cuts === undefined) return;
  if (cuts.length < 2 || cuts.length > MAXIMUM_PIECES + 1 || cuts[0] !== 0 || cuts.at(-1) !== items) {
    throw new RangeError(
      `Cannot launch kernel '${kernel}' as cuts must be 2 to ${MAXIMUM_PIECES + 1} items from 0 to ${items}: ` +
        `current value is ${cuts.length} from ${cuts[0]} to ${cuts.at(-1)}`,
    );
  }
  const down = cuts.findIndex((cut, at) => at > 0 && cut < cuts[at - 1]!);
  if (down < 0) return;
  throw new RangeError(
    `Cannot launch kernel '${kernel}' as cuts must ascend: cut ${down} is ${cuts[down]} after ${cuts[down - 1]}`,
  );
}

/** Bytes a tensor occupies; an empty one still has an address of its own. */
function byteLength(tensor: Tensor): number {
  return Math.max(16, tensor.size * 4);
}

/**
 * The device of every machine: WebAssembly SIMD kernels on all cores, over one shared memory. The same launches give
 * the same bits on every machine and for every number of threads. Launches run at once: there is nothing to wait for.
 */
export class CpuDevice implements Device {
  readonly kind = "cpu";
  readonly #heap: Heap;
  readonly #threads: Threads;
  #liveBytes = 0;
  #launches = 0;
  #disposed = false;

  private constructor(heap: Heap, threads: Threads) {
    this.#heap = heap;
    this.#threads = threads;
  }

  /**
   * Opens a cpu device. Where memory cannot be shared with workers (a browser page without isolation) it runs on one
   * thread, and so it does where workers may not start, with a warning on the console.
   *
   * @param threads Number of threads; by default one for each core. Of more than two for each core, and more than eight,
   * the rest is not started: they would only wait for each other.
   * @returns The device.
   * @throws {RangeError} If `threads` is not an integer in [1, 256].
   */
  static async open(threads: number = Math.min(cores(), MAXIMUM_THREADS)): Promise<CpuDevice> {
    if (!Number.isInteger(threads) || threads < 1 || threads > MAXIMUM_THREADS) {
      throw new RangeError(
        `Cannot open the cpu device as threads must be an integer in [1, ${MAXIMUM_THREADS}]: current value is ${threads}`,
      );
    }
    const module = new WebAssembly.Module(decodeBase64(moduleBase64));
    const heap = new Heap();
    const most = Workers.supported ? Math.max(LEAST_MOST_THREADS, 2 * cores()) : 1;
    return new CpuDevice(heap, await Threads.start(module, heap.memory, Math.min(threads, most)));
  }

  /** Number of threads that kernels run on. */
  get threads(): number {
    return this.#threads.count;
  }

  get description(): string {
    return `cpu: WebAssembly SIMD, ${this.threads} ${this.threads === 1 ? "thread" : "threads"}`;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  get launches(): number {
    return this.#launches;
  }

  empty<D extends DType>(dtype: D, shape: Shape): CpuTensor<D> {
    this.#check();
    const tensor = new CpuTensor(this, dtype, shape, this.#heap.take(elementCount(shape) * 4));
    this.#liveBytes += byteLength(tensor);
    return tensor;
  }

  zeros<D extends DType>(dtype: D, shape: Shape): CpuTensor<D> {
    const tensor = this.empty(dtype, shape);
    this.clear(tensor);
    return tensor;
  }

  upload(data: Float32Array, shape?: Shape): CpuTensor<"f32">;
  upload(data: Uint32Array, shape?: Shape): CpuTensor<"u32">;
  upload(data: Float32Array | Uint32Array, shape: Shape = [data.length]): CpuTensor<DType> {
    const dtype = dtypeOf(data, "upload");
    checkLength(data, shape, "upload");
    const rows = padRows(data, shape);
    const tensor = this.empty(dtype, shape);
    this.#view(tensor).set(rows);
    return tensor;
  }

  write<D extends DType>(tensor: Tensor<D>, data: HostArray<D>): void {
    const view = this.#view(tensor);
    const dtype = dtypeOf(data, "write");
    if (dtype !== tensor.dtype) {
      throw new TypeError(`Cannot write as the tensor is of type ${tensor.dtype}: data is ${dtype}`);
    }
    checkLength(data, tensor.shape, "write");
    view.set(padRows(data, tensor.shape));
  }

  copy<D extends DType>(tensor: Tensor<D>): CpuTensor<D> {
    this.#view(tensor);
    const copy = this.empty(tensor.dtype, tensor.shape);
    this.#view(copy).set(this.#view(tensor));
    return copy;
  }

  clear(tensor: Tensor): void {
    this.#view(tensor).fill(0);
  }

  read<D extends DType>(tensor: Tensor<D>): Promise<HostArray<D>> {
    try {
      return Promise.resolve(this.peek(tensor));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  peek<D extends DType>(tensor: Tensor<D>): HostArray<D> {
    const stored = this.#view(tensor).slice() as HostArray<D>;
    return stripRows(stored as Float32Array<ArrayBuffer> & HostArray<D>, tensor.shape);
  }

  launch<Bindings extends string, Params extends string>(
    kernel: Kernel<Bindings, Params>,
    tensors: Bound<Bindings>,
    scalars: Scalars<Params>,
    options?: LaunchOptions,
  ): void {
    this.#check();
    checkLaunchOptions(kernel.name, options);
    checkBindings(this, kernel, tensors);
    const values: number[] = [];
    for (const name in kernel.bindings) values.push((tensors[name] as CpuTensor<DType> | null)?.address ?? 0);
    for (const name in kernel.params) values.push(scalars[name]);
    const { items, grain } = kernel.shape(scalars);
    const cuts = options?.cuts;
    checkWork(kernel.name, items, cuts);
    this.#launches++;
    if (items === 0) return;
    if (cuts) {
      this.#threads.run(kernel.name, values, cuts.length - 1, (piece) => cuts[piece]!);
    } else {
      const pieces = Math.min(Math.ceil(items / grain), MAXIMUM_PIECES);
      this.#threads.run(kernel.name, values, pieces, (piece) => Math.floor(items * piece / pieces));
    }
  }

  batch<T>(work: () => T): T {
    return work();
  }

  synchronize(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Gives the memory of a tensor back. Called by {@linkcode Tensor.dispose}.
   *
   * @param tensor A tensor of this device.
   */
  release(tensor: CpuTensor<DType>): void {
    if (this.#disposed) return;
    this.#heap.give(tensor.address, elementCount(tensor.shape) * 4);
    this.#liveBytes -= byteLength(tensor);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#disposed) this.#threads.stop();
    this.#disposed = true;
    this.#liveBytes = 0;
    return Promise.resolve();
  }

  #check(): void {
    if (this.#disposed) throw new DeviceLostError("Cannot use the cpu device as it was disposed");
  }

  #view<D extends DType>(tensor: Tensor<D>): HostArray<D> {
    this.#check();
    if (!(tensor instanceof CpuTensor) || tensor.device !== this) {
      throw new TypeError("Cannot use a tensor on the cpu device as it belongs to another device");
    }
    if (tensor.disposed) throw new ReferenceError("Cannot use a tensor as it was disposed");
    const View = tensor.dtype === "f32" ? Float32Array : Uint32Array;
    const buffer = this.#heap.memory.buffer as ArrayBuffer;
    return new View(buffer, tensor.address, tensor.size) as HostArray<DType> as HostArray<D>;
  }
}
