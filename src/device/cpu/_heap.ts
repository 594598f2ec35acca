/**
 * The heap of the cpu device: blocks of one shared WebAssembly memory. A training step asks for the same sizes again
 * and again, so a freed block goes to a list of its size and comes back as it is; what is left over is never split.
 *
 * @module
 */

/** Bytes of a WebAssembly page. */
const PAGE = 65536;

/** Blocks start below this address in no case: the control block and the module's own data live there. */
const HEAP_BASE = 2 * PAGE;

/** Pages of 32-bit addresses, as the module was compiled for. */
const MAXIMUM_PAGES = 65536;

/**
 * Rounds a size up to one of eight steps per doubling, so that at most an eighth is waste.
 *
 * @param bytes A size.
 * @returns The size of the block that holds it.
 */
export function blockSize(bytes: number): number {
  const step = Math.max(64, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 3));
  return Math.max(64, Math.ceil(bytes / step) * step);
}

/** Allocates blocks of a shared memory that grows. */
export class Heap {
  /** The memory, shared with the worker threads. */
  readonly memory: WebAssembly.Memory;
  readonly #free = new Map<number, number[]>();
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
    const size = blockSize(bytes);
    const reused = this.#free.get(size)?.pop();
    if (reused !== undefined) return reused;
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
    const size = blockSize(bytes);
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
    while (rest >= 64) {
      let piece = blockSize(rest);
      if (piece > rest) piece = blockSize(2 ** Math.floor(Math.log2(rest)));
      this.give(at, piece);
      at += piece;
      rest -= piece;
    }
    return address;
  }
}
