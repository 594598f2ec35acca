import { checkBindings, checkLaunchOptions, checkLength, dtypeOf, elementCount } from "../_checks.ts";
import { type Bound, type Device, DeviceLostError, type LaunchOptions, type Tensor } from "../device.ts";
import type { Binding, Kernel, Scalars } from "../kernel.ts";
import { type DType, type HostArray, padRows, type Shape, stripRows } from "../shape.ts";
import { adapterName, isSoftware, requestAdapter, requestDevice } from "./_adapter.ts";
import { BufferPool, MIN_BUFFER_BYTES, type PooledBuffer } from "./_buffer_pool.ts";
import { CommandQueue } from "./_commands.ts";
import { Faults } from "./_faults.ts";
import { GpuTensor } from "./_gpu_tensor.ts";
import { type Pipeline, Pipelines } from "./_pipelines.ts";
import type { KernelSource } from "./_wgsl.ts";

export type { KernelSource };

/** Bytes that free buffers may hold beyond what was in use at the peak: room for one step to differ from the last. */
const SLACK_BYTES = 64 * 2 ** 20;

/** How long a call that has failed waits to hear that the device is lost, which is then why. */
const LOSS_MILLISECONDS = 50;

/** Options of {@linkcode openWebGpuDevice}. */
export interface WebGpuOptions {
  /** Whether an adapter that computes on the processor will do. */
  readonly allowSoftware: boolean;
}

/**
 * Opens the WebGPU device.
 *
 * @example
 * ```ts
 * import { openWebGpuDevice } from "./device.ts";
 *
 * await using device = await openWebGpuDevice({ allowSoftware: true });
 * if (device !== null) {
 *   using tensor = device.upload(new Float32Array([1, 2, 3]));
 *   console.log(device.description, await device.read(tensor));
 * }
 * ```
 *
 * @param options Whether a software adapter will do.
 * @returns The device, or `null` if there is no adapter, or none that will do.
 * @throws {Error} If there is an adapter that refuses to open.
 */
export async function openWebGpuDevice(options: WebGpuOptions): Promise<WebGpuDevice | null> {
  const adapter = await requestAdapter();
  if (adapter === null || (isSoftware(adapter.info) && !options.allowSoftware)) return null;
  return new WebGpuDevice(adapter.info, await requestDevice(adapter));
}

/**
 * A device on WebGPU. Calls record commands and return; they are submitted when the outermost
 * {@linkcode WebGpuDevice.batch} ends, and run in order. WebGPU reports errors late: a shader that does not compile,
 * memory that runs out or an invalid command is thrown by the next {@linkcode WebGpuDevice.read},
 * {@linkcode WebGpuDevice.synchronize} or {@linkcode WebGpuDevice.prepare}. So is the loss of the device, which other calls
 * know of as soon as the event loop has turned.
 *
 * A worker that used one should dispose of it and end itself with `close()`: `terminate()`, followed by the end of the
 * process, can crash Deno (2.9), as it can with plain WebGPU.
 *
 * Methods do what {@linkcode Device} says of them; what is said here is what this device adds. Once it has gone, all of
 * them throw a {@linkcode DeviceLostError}.
 */
export class WebGpuDevice implements Device {
  /** Kind of device. */
  readonly kind = "webgpu";
  /** Whether the adapter is software. */
  readonly software: boolean;
  /** The adapter, and whether it is software or hardware. */
  readonly description: string;
  /** What the adapter says of itself. */
  readonly adapterInfo: GPUAdapterInfo;
  /** The underlying device, for measurements; commands submitted to it directly bypass all bookkeeping here. */
  readonly gpu: GPUDevice;
  readonly #faults = new Faults();
  readonly #commands: CommandQueue;
  readonly #pipelines: Pipelines;
  readonly #tensors: BufferPool;
  readonly #staging: BufferPool;
  readonly #maxTensorBytes: number;
  /** Stand-ins for unused bindings: one to read, and one per written binding, since those must not alias. */
  readonly #unusedWritten: PooledBuffer[] = [];
  #unusedRead: PooledBuffer | null = null;
  #gone: string | null = null;
  #liveBytes = 0;
  #launches = 0;
  #readbacks = 0;
  #boundBytes = 0;

  /**
   * Use {@linkcode openWebGpuDevice} but to bring a `GPUDevice` of your own.
   *
   * @param adapterInfo What the adapter says of itself.
   * @param gpu The device to use; disposing this device destroys it.
   */
  constructor(adapterInfo: GPUAdapterInfo, gpu: GPUDevice) {
    const adapter = adapterName(adapterInfo);
    this.adapterInfo = adapterInfo;
    this.gpu = gpu;
    this.software = isSoftware(adapterInfo);
    this.description = `webgpu: ${adapter}, ${this.software ? "software" : "hardware"}`;
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
    const maxBytes = Math.min(maxBufferSize ?? Infinity, maxStorageBufferBindingSize ?? 2 ** 27);
    this.#maxTensorBytes = Math.floor(maxBytes / MIN_BUFFER_BYTES) * MIN_BUFFER_BYTES;
    this.#commands = new CommandQueue(gpu);
    this.#pipelines = new Pipelines(gpu, this.#faults, this.#commands.uniforms, this.#commands.slotBytes);
    this.#tensors = new BufferPool(gpu, this.#faults, {
      label: "sevo tensor",
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      maxBytes: this.#maxTensorBytes,
      allowance: (used, peak) => peak - used + SLACK_BYTES,
      adapter,
      destroy: (buffer) => this.#commands.destroy(buffer),
    });
    this.#staging = new BufferPool(gpu, this.#faults, {
      label: "sevo readback",
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      maxBytes: this.#maxTensorBytes,
      allowance: () => SLACK_BYTES,
      adapter,
      destroy: (buffer) => this.#commands.destroy(buffer),
    });
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      if (error instanceof GPUOutOfMemoryError) {
        const detail = `${this.#tensors.usedBytes} bytes are in use (${error.message})`;
        this.#faults.record(new RangeError(`Cannot go on as adapter '${adapter}' is out of memory: ${detail}`), true);
      } else {
        this.#faults.record(new Error(`Cannot go on as WebGPU reports an error: ${error.message.trim()}`), false);
      }
    });
    gpu.lost.then(({ message }) => this.#gone ??= `the device was lost: ${message || "no reason given"}`);
  }

  /** Limits of the device: those of the adapter, where this package makes use of them. */
  get limits(): GPUSupportedLimits {
    return this.gpu.limits;
  }

  /** Whether the device was lost or disposed. */
  get lost(): boolean {
    return this.#gone !== null;
  }

  /** Bytes held by live tensors, padding included. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Kernel launches so far. */
  get launches(): number {
    return this.#launches;
  }

  /** Submits to the queue so far. */
  get submits(): number {
    return this.#commands.submits;
  }

  /** Dispatches so far: launches but for those without work. */
  get dispatches(): number {
    return this.#commands.dispatches;
  }

  /** Reads back to the host so far. */
  get readbacks(): number {
    return this.#readbacks;
  }

  /** Bytes of the tensors that launches have bound so far; of those updated, which are read and written, twice. */
  get boundBytes(): number {
    return this.#boundBytes;
  }

  /** Buffers created for tensors so far; stands still once every step finds its memory in the pool. */
  get buffersCreated(): number {
    return this.#tensors.created;
  }

  /** Bytes kept for tensors to come. */
  get freeBytes(): number {
    return this.#tensors.freeBytes;
  }

  /** Allocates a tensor with undefined elements: those of a tensor before it, or zeros. */
  empty<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
    return this.#allocate(dtype, shape);
  }

  /** Allocates a tensor of zeros. A buffer that was never used is zeros already and costs no command. */
  zeros<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
    const tensor = this.#allocate(dtype, shape);
    const memory = this.#memory(tensor);
    if (!memory.fresh) this.#commands.clear(memory);
    return tensor;
  }

  /** Allocates a tensor with the elements of `data`, which are copied before this returns. */
  upload(data: Float32Array, shape?: Shape): Tensor<"f32">;
  upload(data: Uint32Array, shape?: Shape): Tensor<"u32">;
  upload(data: Float32Array | Uint32Array, shape: Shape = [data.length]): Tensor {
    const dtype = dtypeOf(data, "upload");
    checkLength(data, shape, "upload");
    const rows = padRows(data, shape);
    const tensor = this.#allocate<DType>(dtype, shape, (buffer) => !this.#commands.uses(buffer));
    this.#commands.write(this.#memory(tensor), rows);
    return tensor;
  }

  /**
   * Overwrites all elements of a tensor. Launches recorded before still see the old ones.
   *
   * @throws {TypeError} If `data` is of another type or length, or the tensor of another device.
   * @throws {ReferenceError} If the tensor is disposed.
   */
  write<D extends DType>(tensor: Tensor<D>, data: HostArray<D>): void {
    this.#checkPresent("write");
    const own = this.#own(tensor, "write", "the tensor");
    const dtype = dtypeOf(data, "write");
    if (dtype !== own.dtype) {
      throw new TypeError(`Cannot write as the tensor is of type ${own.dtype}: data is ${dtype}`);
    }
    checkLength(data, own.shape, "write");
    let memory = this.#memory(own);
    if (this.#commands.uses(memory)) {
      // Recorded commands are yet to see the old elements. They keep the old buffer, so nothing need be submitted early
      const other = this.#tensors.acquire(own.bytes, (buffer) => !this.#commands.uses(buffer));
      this.#tensors.release(memory);
      own.memory = other;
      memory = other;
    }
    this.#commands.write(memory, padRows<Float32Array | Uint32Array>(data, own.shape));
  }

  /**
   * Allocates a copy of a tensor.
   *
   * @throws {TypeError} If the tensor is of another device.
   * @throws {ReferenceError} If the tensor is disposed.
   */
  copy<D extends DType>(tensor: Tensor<D>): Tensor<D> {
    this.#checkPresent("copy");
    const own = this.#own(tensor, "copy", "the tensor");
    const copy = this.#allocate(own.dtype, own.shape);
    this.#commands.copy(this.#memory(own), this.#memory(copy), storedBytes(own.bytes));
    this.#commands.settle();
    return copy;
  }

  /**
   * Sets all elements of a tensor to zero.
   *
   * @throws {TypeError} If the tensor is of another device.
   * @throws {ReferenceError} If the tensor is disposed.
   */
  clear(tensor: Tensor): void {
    this.#checkPresent("clear");
    this.#commands.clear(this.#memory(this.#own(tensor, "clear", "the tensor")));
  }

  /**
   * Reads the elements back, after everything launched so far. Reads of one turn share a submit, and waiting for them
   * together costs no more than waiting for one, which is 11 ms in Deno.
   *
   * @throws {TypeError} If the tensor is of another device.
   * @throws {ReferenceError} If the tensor is disposed.
   * @throws {RangeError} If the adapter ran out of memory.
   * @throws {Error} If a kernel launched since the last read does not compile.
   */
  async read<D extends DType>(tensor: Tensor<D>): Promise<HostArray<D>> {
    this.#checkPresent("read");
    const own = this.#own(tensor, "read", "the tensor");
    const bytes = storedBytes(own.bytes);
    const staging = this.#staging.acquire(bytes);
    this.#readbacks++;
    this.#commands.copy(this.#memory(own), staging, bytes);
    try {
      await null; // The rest of this turn may record more, and a batch may be open
      return await this.#outcome("read", () => this.#copyOut<D>(own, staging));
    } finally {
      this.#staging.release(staging);
    }
  }

  async #copyOut<D extends DType>({ dtype, shape, bytes }: GpuTensor, staging: PooledBuffer): Promise<HostArray<D>> {
    this.#commands.flush();
    await staging.raw.mapAsync(GPUMapMode.READ, 0, storedBytes(bytes));
    try {
      const mapped = staging.raw.getMappedRange(0, bytes);
      // Unmapping takes the range away, so this must end in a copy, which taking padding off is
      const stored = dtype === "f32" ? new Float32Array(mapped) : new Uint32Array(mapped);
      const data = stripRows<Float32Array | Uint32Array>(stored, shape);
      return (data === stored ? stored.slice() : data) as HostArray<D>;
    } finally {
      staging.raw.unmap();
    }
  }

  /** What is launched has not run when the launch returns: there is nothing to see yet. */
  peek(): null {
    this.#checkPresent("peek");
    return null;
  }

  /**
   * Runs a kernel; returns before it has finished. The options are of no use to this device.
   *
   * @throws {TypeError} If a binding or scalar is missing or of the wrong type, if a tensor is of another device, or if
   * a written one is bound twice.
   * @throws {ReferenceError} If a tensor is disposed.
   * @throws {RangeError} If a scalar is out of range, or the launch beyond the adapter's limits.
   * @throws {Error} If the kernel is known not to compile.
   */
  launch<Bindings extends string, Params extends string>(
    kernel: Kernel<Bindings, Params>,
    tensors: Bound<Bindings>,
    scalars: Scalars<Params>,
    options?: LaunchOptions,
  ): void {
    this.#checkPresent("launch");
    checkLaunchOptions(kernel.name, options);
    const pipeline = this.#pipelines.get(kernel);
    const buffers = this.#bind(kernel, pipeline, tensors);
    checkScalars(kernel.name, pipeline, scalars);
    const [x, y] = this.#fold(kernel.name, kernel.shape(scalars).workgroups);
    this.#launches++;
    if (x === 0) return;
    this.#boundBytes += bytesBound(kernel.bindings, tensors);
    this.#commands.dispatch(
      pipeline.raw,
      pipeline.group(buffers),
      buffers,
      this.#writeScalars(pipeline, scalars),
      x,
      y,
    );
  }

  /**
   * Runs `work`, which must not be asynchronous: the batch ends when it returns. If it throws, what it recorded until
   * then is submitted all the same, as if each launch had run at once.
   */
  batch<T>(work: () => T): T {
    this.#checkPresent("batch");
    return this.#commands.batch(work);
  }

  /**
   * Waits for everything launched so far.
   *
   * @throws {RangeError} If the adapter ran out of memory.
   * @throws {Error} If a kernel launched since the last call does not compile.
   */
  async synchronize(): Promise<void> {
    this.#checkPresent("synchronize");
    await null; // A batch may be open
    await this.#outcome("synchronize", () => {
      this.#commands.flush();
      return this.gpu.queue.onSubmittedWorkDone();
    });
  }

  /**
   * Compiles kernels ahead of their first launch and waits until it is known whether they compile.
   *
   * @param kernels The kernels.
   * @throws {Error} If one does not compile, with its numbered source.
   * @throws {RangeError} If one binds more than the adapter allows.
   */
  async prepare(kernels: Iterable<KernelSource>): Promise<void> {
    this.#checkPresent("prepare");
    for (const kernel of kernels) this.#pipelines.get(kernel);
    // A turn of the event loop, in which the loss of the device is heard of
    await this.#outcome("prepare", () => new Promise((resolve) => setTimeout(resolve, 0)));
  }

  /** Destroys all buffers and the device. A second call does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone ??= "the device is disposed";
    this.#commands.close();
    this.#tensors.close();
    this.#staging.close();
    this.gpu.destroy();
    await this.gpu.lost;
  }

  #checkPresent(action: string): void {
    if (this.#gone !== null) throw new DeviceLostError(`Cannot ${action} as ${this.#gone}`);
  }

  /** Waits for the GPU, and then throws what went wrong, whether or not the wait itself failed. */
  async #outcome<T>(action: string, wait: () => Promise<T>): Promise<T> {
    this.#checkPresent(action);
    try {
      return await wait();
    } catch (error) {
      // The reason is reported on its own, in its own time: as a loss or as an error event
      await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, LOSS_MILLISECONDS))]);
      throw new Error(`Cannot ${action} as WebGPU fails: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    } finally {
      await this.#faults.settle();
      this.#checkPresent(action);
      this.#faults.throwFirst();
    }
  }

  #allocate<D extends DType>(dtype: D, shape: Shape, suits?: (buffer: PooledBuffer) => boolean): GpuTensor<D> {
    this.#checkPresent("allocate");
    const bytes = elementCount(shape) * 4;
    if (bytes > this.#maxTensorBytes) {
      throw new RangeError(
        `Cannot allocate a tensor of ${bytes} bytes as this adapter binds at most ${this.#maxTensorBytes} bytes: ` +
          `its shape is [${shape.join(", ")}]`,
      );
    }
    const memory = this.#tensors.acquire(bytes, suits);
    this.#liveBytes += bytes;
    return new GpuTensor(this, dtype, shape, memory, this.#release);
  }

  readonly #release = (tensor: GpuTensor, memory: PooledBuffer): void => {
    this.#liveBytes -= tensor.bytes;
    this.#tensors.release(memory);
  };

  #own<D extends DType>(tensor: Tensor<D>, action: string, what: string): GpuTensor<D> {
    if (!(tensor instanceof GpuTensor) || tensor.device !== this) {
      const where = (tensor as Partial<Tensor> | undefined)?.device?.description ?? "no device";
      throw new TypeError(`Cannot ${action} as ${what} is not on this device: it is on ${where}`);
    }
    if (tensor.memory === null) {
      throw new ReferenceError(`Cannot ${action} as ${what} is disposed: its shape was [${tensor.shape.join(", ")}]`);
    }
    return tensor;
  }

  #memory(tensor: GpuTensor): PooledBuffer {
    if (tensor.memory === null) throw new ReferenceError("Cannot use a tensor as it is disposed");
    return tensor.memory;
  }

  #bind<Bindings extends string>(
    kernel: Kernel<Bindings, string>,
    pipeline: Pipeline,
    tensors: Bound<Bindings>,
  ): PooledBuffer[] {
    for (const name of pipeline.names) {
      if (tensors[name as Bindings] === undefined) {
        throw new TypeError(`Cannot launch kernel '${kernel.name}' as a binding is missing: '${name}'`);
      }
    }
    checkBindings(this, kernel, tensors);
    return pipeline.names.map((name, index) => {
      const tensor: Tensor | null = tensors[name as Bindings];
      if (tensor !== null) return this.#memory(tensor as GpuTensor);
      return pipeline.written[index] ? this.#unusedWrittenAt(index) : this.#unusedRead ??= this.#unused();
    });
  }

  #unusedWrittenAt(index: number): PooledBuffer {
    return this.#unusedWritten[index] ??= this.#unused();
  }

  #unused(): PooledBuffer {
    return this.#tensors.acquire(MIN_BUFFER_BYTES);
  }

  #writeScalars(pipeline: Pipeline, scalars: Scalars<string>): number | null {
    if (pipeline.params.length === 0) return null;
    const { view, offset } = this.#commands.reserveScalars();
    let at = offset;
    for (const [name, type] of pipeline.params) {
      const value = scalars[name] ?? 0;
      if (type === "u32") view.setUint32(at, value, true);
      else view.setFloat32(at, value, true);
      at += 4;
    }
    return offset;
  }

  /** Folds workgroups counted in one dimension into two; at most a row of the second is left over. */
  #fold(kernel: string, workgroups: number): [x: number, y: number] {
    const limit = this.gpu.limits.maxComputeWorkgroupsPerDimension ?? 65_535;
    if (workgroups <= limit) {
      if (Number.isInteger(workgroups) && workgroups >= 0) return [workgroups, 1];
      throw new RangeError(`Cannot launch kernel '${kernel}' as its workgroups must be a count: ${workgroups}`);
    }
    const y = Math.ceil(workgroups / limit);
    if (!(y <= limit)) {
      throw new RangeError(
        `Cannot launch kernel '${kernel}' as this adapter takes at most ${limit * limit} workgroups: ${workgroups}`,
      );
    }
    return [Math.ceil(workgroups / y), y];
  }
}

/** Bytes as whole vectors, the least one: what a copy moves. */
function storedBytes(bytes: number): number {
  return Math.max(MIN_BUFFER_BYTES, Math.ceil(bytes / MIN_BUFFER_BYTES) * MIN_BUFFER_BYTES);
}

function bytesBound<Names extends string>(
  bindings: { readonly [Name in Names]: Binding },
  tensors: Bound<Names>,
): number {
  let bytes = 0;
  for (const name in bindings) {
    bytes += 4 * (tensors[name]?.size ?? 0) * (bindings[name].access === "update" ? 2 : 1);
  }
  return bytes;
}

function checkScalars(kernel: string, pipeline: Pipeline, scalars: Scalars<string>): void {
  for (const [name, type] of pipeline.params) {
    const value: unknown = scalars[name];
    if (typeof value !== "number") {
      throw new TypeError(`Cannot launch kernel '${kernel}' as scalar '${name}' is not a number: ${String(value)}`);
    }
    if (type === "u32" && !(Number.isInteger(value) && value >= 0 && value < 2 ** 32)) {
      throw new RangeError(
        `Cannot launch kernel '${kernel}' as scalar '${name}' must be an integer from 0 to 4294967295: ${value}`,
      );
    }
  }
}
