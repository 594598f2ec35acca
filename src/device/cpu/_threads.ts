/**
 * The threads of the cpu device. A launch is cut into pieces; the calling thread and the workers take pieces off one
 * counter until none is left. Which thread runs a piece changes nothing: pieces write apart.
 *
 * The control block sits at the bottom of the shared memory. Whoever takes a piece does so with one atomic
 * subtraction on PIECES_LEFT, and the launch is described before that counter is set, so a thread that wakes late
 * either takes a piece of the launch it then reads, or nothing.
 *
 * A worker that has had nothing to do for a while goes, and one is started anew when there is work again: parked, it
 * would keep alive the process of a caller who does not dispose of the device.
 *
 * @module
 */

/** Words of the control block. */
const PIECES_LEFT = 0, PIECES_DONE = 1, GENERATION = 2, KERNEL = 3, ARGUMENTS = 4, QUIT = 5, WORKERS = 6, FAILED = 7;

/** Byte addresses of the arguments (f64) and of the cuts (u32) of the current launch. */
const ARGUMENTS_AT = 256, CUTS_AT = 1024;

/** Milliseconds without work after which a worker goes. */
const IDLE_MILLISECONDS = 2000;

/** Pieces of one launch at most: the cuts end far below the heap. */
export const MAXIMUM_PIECES = 4096;

/** What the worker's text is given of this module. */
const CONTROL_WORDS = {
  ...{ PIECES_LEFT, PIECES_DONE, GENERATION, KERNEL, ARGUMENTS, QUIT, WORKERS, FAILED },
  ...{ ARGUMENTS_AT, CUTS_AT, MAXIMUM_PIECES, IDLE_MILLISECONDS },
};
type ControlWords = typeof CONTROL_WORDS;

type KernelFunction = (...values: number[]) => void;

/** What a worker is started with. */
interface WorkerStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/**
 * The body of a worker. It is turned into text for a Blob URL (a worker made from a file would need a permission), so
 * it refers to nothing outside itself.
 */
function workerBody(words: ControlWords): void {
  const { PIECES_LEFT, PIECES_DONE, GENERATION, KERNEL, ARGUMENTS, QUIT, WORKERS, FAILED } = words;
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<WorkerStart>) => void;
    postMessage: (message: "ready" | "gone") => void;
    close: () => void;
  };
  scope.onmessage = ({ data: { module, memory } }) => {
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    const kernels = WebAssembly.Module.exports(module).map(({ name }) => instance.exports[name] as KernelFunction);
    const control = new Int32Array(memory.buffer, 0, 64);
    const scalars = new Float64Array(memory.buffer, words.ARGUMENTS_AT, 64);
    const cuts = new Uint32Array(memory.buffer, words.CUTS_AT, words.MAXIMUM_PIECES + 1);
    scope.postMessage("ready");
    for (;;) {
      const generation = Atomics.load(control, GENERATION);
      let piece;
      while ((piece = Atomics.sub(control, PIECES_LEFT, 1) - 1) >= 0) {
        const call = Array.from(scalars.subarray(0, control[ARGUMENTS]));
        try {
          kernels[control[KERNEL]!]!(...call, cuts[piece]!, cuts[piece + 1]!);
        } catch {
          Atomics.store(control, FAILED, 1);
        }
        Atomics.add(control, PIECES_DONE, 1);
      }
      if (Atomics.load(control, QUIT) === 1) break;
      // The next launch of a step is microseconds away: looking for it is cheaper than being woken.
      for (let spin = 0; spin < 2000 && Atomics.load(control, GENERATION) === generation; spin++);
      if (Atomics.wait(control, GENERATION, generation, words.IDLE_MILLISECONDS) === "timed-out") break;
    }
    // By the shared word, as a calling thread that never turns its event loop hears no message.
    Atomics.sub(control, WORKERS, 1);
    scope.postMessage("gone");
    scope.close();
  };
}

/** The calling thread and its workers. */
export class Threads {
  /** Number of threads, the calling one included. */
  readonly count: number;
  readonly #control: Int32Array;
  readonly #scalars: Float64Array;
  readonly #cuts: Uint32Array;
  readonly #kernels = new Map<string, { index: number; run: KernelFunction }>();
  readonly #start: WorkerStart;
  readonly #url: string;
  readonly #workers = new Set<Worker>();

  private constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, count: number) {
    this.count = count;
    this.#start = { module, memory };
    const source = `(${workerBody})(${JSON.stringify(CONTROL_WORDS)})`;
    this.#url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.#control = new Int32Array(memory.buffer, 0, 64);
    this.#scalars = new Float64Array(memory.buffer, ARGUMENTS_AT, 64);
    this.#cuts = new Uint32Array(memory.buffer, CUTS_AT, MAXIMUM_PIECES + 1);
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    WebAssembly.Module.exports(module).forEach(({ name, kind }, index) => {
      if (kind === "function") this.#kernels.set(name, { index, run: instance.exports[name] as KernelFunction });
    });
  }

  /**
   * Starts `count - 1` workers and waits until they listen.
   *
   * @param module The compiled kernels.
   * @param memory The memory all threads share.
   * @param count Number of threads, the calling one included.
   * @returns The threads.
   */
  static async start(module: WebAssembly.Module, memory: WebAssembly.Memory, count: number): Promise<Threads> {
    const threads = new Threads(module, memory, count);
    try {
      await threads.#startMissing();
    } catch (error) {
      threads.stop();
      throw error;
    }
    return threads;
  }

  /** Starts a worker in place of each that has gone. */
  async #startMissing(): Promise<void> {
    const missing = this.count - 1 - Atomics.load(this.#control, WORKERS);
    if (missing === 0) return;
    Atomics.add(this.#control, WORKERS, missing);
    await Promise.all(Array.from({ length: missing }, () => this.#startWorker()));
  }

  #startWorker(): Promise<void> {
    const worker = new Worker(this.#url, { type: "module" });
    this.#workers.add(worker);
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<"ready" | "gone">) => {
        if (data === "ready") resolve();
        else this.#workers.delete(worker);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        this.#workers.delete(worker);
        Atomics.sub(this.#control, WORKERS, 1);
        reject(new Error(`Cannot start a worker thread: ${event.message}`));
      };
      worker.postMessage(this.#start);
    });
  }

  /**
   * Runs a kernel over `[cuts[0], cuts[n])`, piece by piece, and returns when all pieces are done.
   *
   * @param name WebAssembly export.
   * @param values Addresses of the bindings and then the scalars.
   * @param pieces Number of pieces.
   * @param cut Item at which a piece begins; asked for 0 to `pieces`.
   * @throws {RangeError} If an index in a tensor led the kernel out of the memory.
   */
  run(name: string, values: readonly number[], pieces: number, cut: (piece: number) => number): void {
    const kernel = this.#kernels.get(name);
    if (!kernel) throw new TypeError(`Cannot launch kernel '${name}' as the cpu device has no such kernel`);
    if (pieces === 1 || this.count === 1) {
      try {
        kernel.run(...values, cut(0), cut(pieces));
      } catch {
        throw trapped(name);
      }
      return;
    }
    // Those that are missing join a later launch; this one is run by whoever is there.
    this.#startMissing().catch(() => {});
    const control = this.#control;
    for (let piece = 0; piece <= pieces; piece++) this.#cuts[piece] = cut(piece);
    this.#scalars.set(values);
    control[KERNEL] = kernel.index;
    control[ARGUMENTS] = values.length;
    Atomics.store(control, PIECES_DONE, 0);
    Atomics.store(control, PIECES_LEFT, pieces);
    Atomics.add(control, GENERATION, 1);
    Atomics.notify(control, GENERATION, pieces - 1);
    let piece;
    while ((piece = Atomics.sub(control, PIECES_LEFT, 1) - 1) >= 0) {
      try {
        kernel.run(...values, this.#cuts[piece]!, this.#cuts[piece + 1]!);
      } catch {
        Atomics.store(control, FAILED, 1);
      }
      Atomics.add(control, PIECES_DONE, 1);
    }
    this.#waitForPieces(pieces);
    if (Atomics.exchange(control, FAILED, 0) === 1) throw trapped(name);
  }

  #waitForPieces(pieces: number): void {
    for (let spin = 1;; spin++) {
      const done = Atomics.load(this.#control, PIECES_DONE);
      if (done === pieces) return;
      // With more threads than cores the piece that is missing may wait for this very core.
      if (spin % 20000 === 0) yieldCore(this.#control, PIECES_DONE, done);
    }
  }

  /** Stops the workers. */
  stop(): void {
    Atomics.store(this.#control, QUIT, 1);
    Atomics.add(this.#control, GENERATION, 1);
    Atomics.notify(this.#control, GENERATION);
    URL.revokeObjectURL(this.#url);
    for (const worker of this.#workers) worker.terminate();
    this.#workers.clear();
  }
}

/** A kernel checks no index of its tensors: whoever makes a plan by hand answers for it. */
function trapped(kernel: string): RangeError {
  return new RangeError(`Cannot launch kernel '${kernel}' as an index in its tensors is out of range`);
}

function yieldCore(control: Int32Array, word: number, value: number): void {
  try {
    Atomics.wait(control, word, value, 0.05);
  } catch {
    // The main thread of a browser may not wait: it spins on.
  }
}
