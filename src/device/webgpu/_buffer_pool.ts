import { sizeClass } from "../_size_class.ts";
import type { Faults } from "./_faults.ts";

/** The least a buffer holds: one `vec4f`, which is what an `array<vec4f>` binding must have. */
export const MIN_BUFFER_BYTES = 16;

/** A bind group that names a buffer and dies with it. */
export interface Dependent {
  /** Forgets the bind group. */
  evict(): void;
}

/** A buffer of a {@linkcode BufferPool}. */
export class PooledBuffer {
  /** The WebGPU buffer. */
  readonly raw: GPUBuffer;
  /** Bytes it holds. */
  readonly capacity: number;
  /** Number by which bind groups know it; never used twice. */
  readonly id: number;
  /** Serial of the last command list that uses it: see `CommandQueue.uses`. */
  serial = 0;
  /** Whether it is as created, which is all zeros. */
  fresh = true;
  /** Whether the adapter had no memory for it. */
  invalid = false;
  /** Bind groups that name it. */
  readonly dependents: Set<Dependent> = new Set();

  /**
   * @param raw The WebGPU buffer.
   * @param capacity Bytes it holds.
   * @param id Number by which bind groups know it.
   */
  constructor(raw: GPUBuffer, capacity: number, id: number) {
    this.raw = raw;
    this.capacity = capacity;
    this.id = id;
  }
}

/** What a {@linkcode BufferPool} is made for. */
export interface BufferPoolOptions {
  /** Label of its buffers. */
  readonly label: string;
  /** Usage of its buffers. */
  readonly usage: GPUBufferUsageFlags;
  /** Bytes of its largest buffer. */
  readonly maxBytes: number;
  /** Bytes that free buffers may hold, given the bytes in use now and at most so far. */
  readonly allowance: (used: number, peak: number) => number;
  /** Adapter named where memory runs out. */
  readonly adapter: string;
  /** Destroys a buffer as soon as no unsubmitted command uses it. */
  readonly destroy: (buffer: PooledBuffer) => void;
}

/**
 * Buffers by size class, kept for the next tensor of that size. A buffer that is merely dropped holds its memory until the
 * garbage collector comes by, which knows nothing of its size, so every one ends in {@linkcode BufferPool.release} or
 * {@linkcode BufferPool.close}.
 */
export class BufferPool {
  readonly #gpu: GPUDevice;
  readonly #faults: Faults;
  readonly #options: BufferPoolOptions;
  readonly #all = new Set<PooledBuffer>();
  /** Free buffers by capacity, each list in the order of release. */
  readonly #free = new Map<number, PooledBuffer[]>();
  /** All free buffers in the order of release: the first has been idle longest. */
  readonly #idle = new Set<PooledBuffer>();
  #usedBytes = 0;
  #peakBytes = 0;
  #freeBytes = 0;
  #created = 0;

  /**
   * @param gpu The device to create buffers on.
   * @param faults Told when memory runs out.
   * @param options What the buffers are for.
   */
  constructor(gpu: GPUDevice, faults: Faults, options: BufferPoolOptions) {
    this.#gpu = gpu;
    this.#faults = faults;
    this.#options = options;
  }

  /** Buffers created so far. */
  get created(): number {
    return this.#created;
  }

  /** Bytes of buffers in use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes of buffers kept for later. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /**
   * Takes a buffer of the smallest class that holds `bytes`, whose content is undefined unless it is fresh.
   *
   * @param bytes Bytes to hold; at most the pool's maximum.
   * @param suits Which free buffers will do; all of them if omitted.
   * @returns The buffer.
   */
  acquire(bytes: number, suits?: (buffer: PooledBuffer) => boolean): PooledBuffer {
    const capacity = Math.min(sizeClass(bytes, MIN_BUFFER_BYTES), this.#options.maxBytes);
    const buffer = this.#takeFree(capacity, suits) ?? this.#create(capacity);
    this.#usedBytes += capacity;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
    return buffer;
  }

  /**
   * Gives a buffer back. Commands already recorded may still use it: they run before whatever uses it next.
   *
   * @param buffer A buffer of this pool.
   */
  release(buffer: PooledBuffer): void {
    if (!this.#all.has(buffer)) return; // The pool was closed with the buffer in use
    this.#usedBytes -= buffer.capacity;
    if (buffer.invalid) return this.#destroy(buffer);
    buffer.fresh = false;
    const list = this.#free.get(buffer.capacity);
    if (list === undefined) this.#free.set(buffer.capacity, [buffer]);
    else list.push(buffer);
    this.#idle.add(buffer);
    this.#freeBytes += buffer.capacity;
    this.#trim(this.#options.allowance(this.#usedBytes, this.#peakBytes));
  }

  /** Destroys all buffers, those in use too. */
  close(): void {
    for (const buffer of this.#all) buffer.raw.destroy();
    this.#all.clear();
    this.#free.clear();
    this.#idle.clear();
    this.#usedBytes = 0;
    this.#freeBytes = 0;
  }

  #takeFree(capacity: number, suits?: (buffer: PooledBuffer) => boolean): PooledBuffer | undefined {
    const list = this.#free.get(capacity);
    if (list === undefined) return undefined;
    let buffer: PooledBuffer | undefined;
    if (suits === undefined) {
      // The one released last: most likely still in a cache, and in a cached bind group
      buffer = list.pop();
    } else {
      // The one released first: least likely in use by pending commands
      const index = list.findIndex(suits);
      buffer = index < 0 ? undefined : list.splice(index, 1)[0];
    }
    if (buffer === undefined) return undefined;
    this.#idle.delete(buffer);
    this.#freeBytes -= capacity;
    return buffer;
  }

  #create(capacity: number): PooledBuffer {
    const used = this.#usedBytes + capacity;
    this.#trim(Math.max(0, this.#options.allowance(used, Math.max(used, this.#peakBytes))));
    this.#created++;
    const { label, usage, adapter } = this.#options;
    this.#gpu.pushErrorScope("out-of-memory");
    const raw = this.#gpu.createBuffer({
      label: `${label} ${this.#created} of ${capacity} bytes`,
      size: capacity,
      usage,
    });
    const scope = this.#gpu.popErrorScope();
    const buffer = new PooledBuffer(raw, capacity, this.#created);
    this.#all.add(buffer);
    this.#faults.track(scope.then((error) => {
      if (error === null) return;
      buffer.invalid = true;
      // Given back before this was known: nobody may be handed it
      if (this.#idle.has(buffer)) this.#destroyIdle(buffer);
      const detail = error.message === "" ? "" : ` (${error.message})`;
      this.#faults.record(
        new RangeError(
          `Cannot allocate ${capacity} bytes as adapter '${adapter}' is out of memory: ` +
            `${used - capacity} bytes are in use${detail}`,
        ),
        true,
      );
    }));
    return buffer;
  }

  /** Destroys free buffers, those idle longest first, until they hold no more than `bytes`. */
  #trim(bytes: number): void {
    if (this.#freeBytes <= bytes) return;
    for (const buffer of this.#idle) {
      this.#destroyIdle(buffer);
      if (this.#freeBytes <= bytes) return;
    }
  }

  #destroyIdle(buffer: PooledBuffer): void {
    const list = this.#free.get(buffer.capacity)!;
    list.splice(list.indexOf(buffer), 1);
    this.#idle.delete(buffer);
    this.#freeBytes -= buffer.capacity;
    this.#destroy(buffer);
  }

  #destroy(buffer: PooledBuffer): void {
    this.#all.delete(buffer);
    for (const dependent of buffer.dependents) dependent.evict();
    this.#options.destroy(buffer);
  }
}
