import type { PooledBuffer } from "./_buffer_pool.ts";

/** Bytes that `writeBuffer` takes at a time, and after which a submit lets go of its staging memory. */
const UPLOAD_CHUNK_BYTES = 16 * 2 ** 20;

/** Launches a single submit holds. A longer batch is submitted in parts. */
const UNIFORM_SLOTS = 4096;

/** Bytes between the scalars of one launch and the next: WebGPU's default alignment of dynamic offsets. */
const UNIFORM_SLOT_BYTES = 256;

/**
 * Records commands in the order of the calls and submits them together. One encoder is open at a time, and in it one
 * compute pass for as long as nothing but dispatches is recorded.
 *
 * Two orders meet here. Recorded commands run when they are submitted; `queue.writeBuffer` runs before them, whenever
 * it was called. Every buffer therefore carries the serial of the last command list that uses it, and a host write
 * never goes to a buffer for which {@linkcode CommandQueue.uses} holds.
 */
export class CommandQueue {
  readonly #gpu: GPUDevice;
  readonly #slotBytes: number;
  /** Scalars of the launches not yet submitted; written to the uniform buffer with one call at the submit. */
  readonly #scalars: ArrayBuffer;
  readonly #scalarBytes: Uint8Array<ArrayBuffer>;
  readonly #scalarsView: DataView<ArrayBuffer>;
  readonly #uniforms: GPUBuffer;
  readonly #dynamicOffset = new Uint32Array(1);
  #slots = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #pipeline: GPUComputePipeline | null = null;
  #serial = 1;
  #depth = 0;
  #stagedBytes = 0;
  #closed = false;
  #condemned: PooledBuffer[] = [];
  #submits = 0;
  #dispatches = 0;

  /** @param gpu The device to submit to. */
  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    this.#slotBytes = Math.max(UNIFORM_SLOT_BYTES, gpu.limits.minUniformBufferOffsetAlignment ?? 0);
    this.#scalars = new ArrayBuffer(UNIFORM_SLOTS * this.#slotBytes);
    this.#scalarBytes = new Uint8Array(this.#scalars);
    this.#scalarsView = new DataView(this.#scalars);
    this.#uniforms = gpu.createBuffer({
      label: "sevo scalars",
      size: this.#scalars.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  /** The buffer that all uniform bindings name. It is rewritten before each submit, after what was submitted earlier. */
  get uniforms(): GPUBuffer {
    return this.#uniforms;
  }

  /** Bytes that the scalars of one launch may take. */
  get slotBytes(): number {
    return this.#slotBytes;
  }

  /** Submits so far, those that only flush host writes included. */
  get submits(): number {
    return this.#submits;
  }

  /** Dispatches so far. */
  get dispatches(): number {
    return this.#dispatches;
  }

  /**
   * Tells whether commands that are recorded but not submitted use a buffer.
   *
   * @param buffer The buffer.
   * @returns Whether a host write to it would overtake them.
   */
  uses(buffer: PooledBuffer): boolean {
    return buffer.serial === this.#serial;
  }

  /**
   * Reserves room for the scalars of the launch that {@linkcode CommandQueue.dispatch} records next. Submits first
   * where there is none, so this comes before anything else of that launch.
   *
   * @returns A view of the scalars and the offset in it to write them at.
   */
  reserveScalars(): { view: DataView<ArrayBuffer>; offset: number } {
    if (this.#slots === UNIFORM_SLOTS) this.flush();
    return { view: this.#scalarsView, offset: this.#slots++ * this.#slotBytes };
  }

  /**
   * Records a dispatch.
   *
   * @param pipeline The pipeline.
   * @param group Its bind group.
   * @param buffers Buffers in the group.
   * @param offset Where its scalars are, or `null` if it has none.
   * @param x Workgroups in the first dimension.
   * @param y Workgroups in the second dimension.
   */
  dispatch(
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    buffers: readonly PooledBuffer[],
    offset: number | null,
    x: number,
    y: number,
  ): void {
    const pass = this.#computePass();
    if (this.#pipeline !== pipeline) {
      pass.setPipeline(pipeline);
      this.#pipeline = pipeline;
    }
    if (offset === null) {
      pass.setBindGroup(0, group);
    } else {
      this.#dynamicOffset[0] = offset;
      pass.setBindGroup(0, group, this.#dynamicOffset, 0, 1);
    }
    pass.dispatchWorkgroups(x, y);
    for (const buffer of buffers) buffer.serial = this.#serial;
    this.#dispatches++;
    if (this.#depth === 0) this.flush();
  }

  /**
   * Records setting a buffer to zero.
   *
   * @param buffer The buffer.
   */
  clear(buffer: PooledBuffer): void {
    this.#commandEncoder().clearBuffer(buffer.raw, 0, buffer.capacity);
    buffer.serial = this.#serial;
    if (this.#depth === 0) this.flush();
  }

  /**
   * Records a copy. Does not submit it, not even outside a batch: the caller does.
   *
   * @param source Buffer to copy from.
   * @param target Buffer to copy to.
   * @param bytes Bytes to copy; a multiple of 4.
   */
  copy(source: PooledBuffer, target: PooledBuffer, bytes: number): void {
    this.#commandEncoder().copyBufferToBuffer(source.raw, 0, target.raw, 0, bytes);
    source.serial = this.#serial;
    target.serial = this.#serial;
  }

  /**
   * Writes to a buffer from the host, before everything recorded and not submitted. Zeros fill the last `vec4f` up.
   *
   * @param buffer A buffer that no recorded command uses.
   * @param data Elements to write from the start of the buffer.
   */
  write(buffer: PooledBuffer, data: Float32Array | Uint32Array): void {
    // Checked here because Deno aborts the process on some bad ranges, and reports others too late
    if (data.byteLength > buffer.capacity) {
      throw new RangeError(`Cannot write ${data.byteLength} bytes as the buffer is shorter: ${buffer.capacity} bytes`);
    }
    if (this.uses(buffer)) throw new Error("Cannot write to a buffer as recorded commands use it: submit them first");
    const chunk = UPLOAD_CHUNK_BYTES / data.BYTES_PER_ELEMENT;
    for (let start = 0; start < data.length; start += chunk) {
      const part = data.subarray(start, start + chunk);
      // Shared memory is taken too, which the type does not say
      this.#gpu.queue.writeBuffer(buffer.raw, start * data.BYTES_PER_ELEMENT, part as Float32Array<ArrayBuffer>);
      this.#stagedBytes += part.byteLength;
      if (this.#stagedBytes >= UPLOAD_CHUNK_BYTES) this.#submit([]);
    }
    const tail = -data.length & 3;
    if (tail > 0) this.#gpu.queue.writeBuffer(buffer.raw, data.byteLength, new Uint32Array(tail));
  }

  /**
   * Runs `work` and submits what it recorded at the end of the outermost batch. If it throws, what was recorded until
   * then is submitted all the same: the launches that returned have happened as far as their callers know, the host
   * writes between them have, and on the cpu device, which runs each at once, they would have too.
   *
   * @param work What records.
   * @returns What `work` returns.
   */
  batch<T>(work: () => T): T {
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
      this.settle();
    }
  }

  /** Submits, unless a batch is open. */
  settle(): void {
    if (this.#depth === 0) this.flush();
  }

  /** Submits what is recorded and what the host has written. */
  flush(): void {
    if (this.#closed) return;
    const encoder = this.#encoder;
    if (encoder === null) {
      if (this.#stagedBytes > 0) this.#submit([]);
      return;
    }
    this.#endPass();
    this.#encoder = null;
    if (this.#slots > 0) {
      this.#gpu.queue.writeBuffer(this.#uniforms, 0, this.#scalarBytes.subarray(0, this.#slots * this.#slotBytes));
      this.#slots = 0;
    }
    this.#submit([encoder.finish()]);
    this.#serial++;
    for (const buffer of this.#condemned) buffer.raw.destroy();
    this.#condemned = [];
  }

  /**
   * Destroys a buffer, once the recorded commands that use it are submitted: a submit with a destroyed buffer fails.
   *
   * @param buffer The buffer.
   */
  destroy(buffer: PooledBuffer): void {
    if (this.uses(buffer) && !this.#closed) this.#condemned.push(buffer);
    else buffer.raw.destroy();
  }

  /** Drops what is recorded and destroys the buffers that are due. */
  close(): void {
    this.#closed = true;
    this.#encoder = null;
    this.#pass = null;
    this.#pipeline = null;
    for (const buffer of this.#condemned) buffer.raw.destroy();
    this.#condemned = [];
    this.#uniforms.destroy();
  }

  #submit(commands: GPUCommandBuffer[]): void {
    this.#gpu.queue.submit(commands);
    this.#submits++;
    this.#stagedBytes = 0;
  }

  #commandEncoder(): GPUCommandEncoder {
    this.#endPass();
    return this.#encoder ??= this.#gpu.createCommandEncoder({ label: "sevo commands" });
  }

  #computePass(): GPUComputePassEncoder {
    this.#encoder ??= this.#gpu.createCommandEncoder({ label: "sevo commands" });
    return this.#pass ??= this.#encoder.beginComputePass({ label: "sevo pass" });
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = null;
    this.#pipeline = null;
  }
}
