/**
 * The heap of the cpu device: blocks of one shared WebAssembly memory. A training step asks for the same sizes again
 * and again, so a freed block goes to a list of its size and comes back as it is. Batches differ in length, and so do their
 * sizes: where there is no free block of the right size, one that is half as large again will do before the memory grows.
 * It grows to its limit before a free block that is larger still is taken: only then is a block split, and none are ever
 * joined.
 *
 * @module
 */
import { sizeClass } from "../_size_class.ts";

/** Bytes of a WebAssembly page. */
const PAGE = 65536;

/** Blocks start below this address in no case: the control block and the module's own data live there. */
const HEAP_BASE = 2 * PAGE;

/**
 * Pages it grows to: one less than 32-bit addresses reach and than the module allows. Kernels compare addresses with the
 * one a block ends at, which must not wrap to 0.
 */
const MAXIMUM_PAGES = 65535;

/** Bytes of all blocks together at most. */
export const HEAP_BYTES: number = MAXIMUM_PAGES * PAGE - HEAP_BASE;

/** Bytes of the smallest block, and what blocks are aligned to. */
const LEAST_BLOCK = 64;

/** A free block of up to so many times the right size is taken as it is. */
const LARGEST_FIT = 1.5;

/** Allocates blocks of a shared memory that grows. */
export class Heap {
  /** The memory, shared with the worker threads. */
  readonly memory: WebAssembly.Memory;
  readonly #free = new Map<number, number[]>();
  /** Blocks in use that are larger than the right size for what they were taken for. */
  readonly #larger = new Map<number, number>();
  #top = HEAP_BASE;

  /** Reserves the address space; nothing but the first pages is committed. */
  constructor() {
    this.memory = new WebAssembly.Memory({ initial: HEAP_BASE / PAGE, maximum: MAXIMUM_PAGES, shared: true });
  }

  /**
   * Takes a block of at least `bytes` bytes, aligned to 64.
   *
   * @param bytes Bytes wanted.
   * @returns Its address.
   * @throws {RangeError} If the memory cannot grow as far.
   */
  take(bytes: number): number {
    const size = sizeClass(bytes, LEAST_BLOCK);
    for (let fit = size; fit <= LARGEST_FIT * size; fit = sizeClass(fit + 1, LEAST_BLOCK)) {
      const reused = this.#free.get(fit)?.pop();
      if (reused === undefined) continue;
      if (fit > size) this.#larger.set(reused, fit);
      return reused;
    }
    const address = this.#top;
    const missing = address + size - this.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch {
        return this.#takeLarger(size, bytes);
      }
    }
    this.#top += size;
    return address;
  }

  /**
   * Gives a block back.
   *
   * @param address Its address.
   * @param bytes The bytes it was taken for.
   */
  give(address: number, bytes: number): void {
    const size = this.#larger.get(address) ?? sizeClass(bytes, LEAST_BLOCK);
    this.#larger.delete(address);
    const list = this.#free.get(size);
    if (list) list.push(address);
    else this.#free.set(size, [address]);
  }

  #takeLarger(size: number, bytes: number): number {
    const sizes = [...this.#free.keys()].filter((free) => free > size && this.#free.get(free)!.length > 0);
    if (sizes.length === 0) {
      throw new RangeError(
        `Cannot allocate ${bytes} bytes as the cpu device holds at most 4 GiB: ${this.#top} bytes are taken`,
      );
    }
    // The rest of the larger block becomes a block of the largest size class that fits in it.
    const larger = Math.min(...sizes);
    const address = this.#free.get(larger)!.pop()!;
    let rest = larger - size, at = address + size;
    while (rest >= LEAST_BLOCK) {
      let piece = sizeClass(rest, LEAST_BLOCK);
      if (piece > rest) piece = 2 ** Math.floor(Math.log2(rest));
      this.give(at, piece);
      at += piece;
      rest -= piece;
    }
    return address;
  }
}
