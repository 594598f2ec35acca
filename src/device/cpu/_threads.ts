/**
 * The threads of the cpu device. A launch is cut into pieces, and the pieces into a share for each thread: a run of
 * neighbours, the same in every launch alike, as what a thread wrote in one launch is still in its own cache in the
 * next. A thread that is through with its share helps with the others'. Which thread runs a piece changes no bit: pieces
 * write apart.
 *
 * The control block sits at the bottom of the shared memory. Whoever takes a piece does so with one atomic
 * subtraction on the counter of its share, and the launch is described before the counters are set, so a thread that
 * wakes late either takes a piece of the launch it then reads, or nothing.
 *
 * A worker that has had nothing to do for a while goes, and one is started anew when there is work again: parked, it
 * would keep alive the process of a caller who does not dispose of the device. Starting one holds up the calling thread
 * for tens of milliseconds, so each launch starts one at most, and runs on those that are there.
 *
 * @module
 */
import { CONTROL, type KernelFunction, runPieces, workerSource, type WorkerStart } from "./_worker_body.ts";
import { Workers, type WorkerThread } from "./_workers.ts";

const { PIECES, PIECES_DONE, GENERATION, KERNEL, ARGUMENTS, QUIT, WORKERS, FAILED, LAUNCH, STARTING } = CONTROL;

/** The calling thread and its workers. */
export class Threads {
  /** Number of threads, the calling one included. */
  readonly count: number;
  readonly #control: Int32Array;
  readonly #scalars: Float64Array;
  readonly #cuts: Uint32Array;
  readonly #kernels = new Map<string, { index: number; run: KernelFunction }>();
  readonly #counters: Int32Array;
  readonly #runPieces: () => void;
  /** The kernel of the launch that is going on, with its arguments. */
  #launched: KernelFunction = () => {};
  readonly #start: Omit<WorkerStart, "home">;
  readonly #program: Workers;
  readonly #workers = new Set<WorkerThread>();
  #started = 0;

  private constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, count: number) {
    this.count = count;
    this.#start = { module, memory, count };
    this.#program = new Workers(workerSource());
    this.#control = new Int32Array(memory.buffer, 0, 64);
    this.#scalars = new Float64Array(memory.buffer, CONTROL.ARGUMENTS_AT, 64);
    this.#cuts = new Uint32Array(memory.buffer, CONTROL.CUTS_AT, CONTROL.MAXIMUM_PIECES + 1);
    this.#counters = new Int32Array(memory.buffer, CONTROL.COUNTERS_AT, count * CONTROL.COUNTER_WORDS);
    this.#runPieces = runPieces(CONTROL, memory, count, 0, (begin, end) => this.#launched(begin, end));
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    WebAssembly.Module.exports(module).forEach(({ name, kind }, index) => {
      if (kind === "function") this.#kernels.set(name, { index, run: instance.exports[name] as KernelFunction });
    });
  }

  /**
   * Starts `count - 1` workers and waits until they listen. Where they may not start (a page whose content security
   * policy does not allow `blob:` workers) there is the calling thread alone, and one warning on the console.
   *
   * @param module The compiled kernels.
   * @param memory The memory all threads share.
   * @param count Number of threads, the calling one included.
   * @returns The threads.
   */
  static async start(module: WebAssembly.Module, memory: WebAssembly.Memory, count: number): Promise<Threads> {
    const threads = new Threads(module, memory, count);
    Atomics.store(threads.#control, STARTING, 1);
    try {
      await Promise.all(Array.from({ length: count - 1 }, () => threads.#startWorker()));
    } catch (error) {
      threads.stop();
      warnOnce(error);
      return new Threads(module, memory, 1);
    }
    Atomics.store(threads.#control, STARTING, 0);
    return threads;
  }

  #startWorker(): Promise<void> {
    Atomics.add(this.#control, WORKERS, 1);
    return new Promise((resolve, reject) => {
      const worker = this.#program.start({
        said: (data) => {
          if (data === "ready") resolve();
          else this.#workers.delete(worker);
        },
        failed: (reason) => {
          this.#workers.delete(worker);
          Atomics.sub(this.#control, WORKERS, 1);
          reject(new Error(reason || "the content security policy of the page may not allow workers from blob:"));
        },
      });
      this.#workers.add(worker);
      // After some have gone two may begin with the same share, which only costs time.
      const home = 1 + this.#started++ % (this.count - 1);
      worker.postMessage({ ...this.#start, home } satisfies WorkerStart);
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
    if (!kernel) {
      throw new TypeError(
        `Cannot launch kernel '${name}' as the cpu device has the kernels of its module alone: use webgpu, or peek() and ` +
          "write() on the cpu",
      );
    }
    if (pieces === 1 || this.count === 1) {
      try {
        kernel.run(...values, cut(0), cut(pieces));
      } catch {
        throw trapped(name);
      }
      return;
    }
    const control = this.#control;
    // It joins a later launch; this one is run by whoever is there.
    if (Atomics.load(control, WORKERS) < this.count - 1) this.#startWorker().catch(() => {});
    for (let piece = 0; piece <= pieces; piece++) this.#cuts[piece] = cut(piece);
    this.#scalars.set(values);
    control[PIECES] = pieces;
    control[KERNEL] = kernel.index;
    control[ARGUMENTS] = values.length;
    control[LAUNCH]!++;
    Atomics.store(control, PIECES_DONE, 0);
    for (let share = 0; share < this.count; share++) {
      const size = Math.floor(pieces * (share + 1) / this.count) - Math.floor(pieces * share / this.count);
      Atomics.store(this.#counters, share * CONTROL.COUNTER_WORDS, size);
    }
    Atomics.add(control, GENERATION, 1);
    Atomics.notify(control, GENERATION, pieces - 1);
    this.#launched = kernel.run.bind(null, ...values);
    this.#runPieces();
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
    this.#program.dispose();
    for (const worker of this.#workers) worker.terminate();
    this.#workers.clear();
  }
}

let warned = false;

function warnOnce(error: unknown): void {
  if (!warned) console.warn(`The cpu device runs on one thread as no worker starts: ${(error as Error).message}`);
  warned = true;
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
