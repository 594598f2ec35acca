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

/** Words of the control block. */
const PIECES = 0,
  PIECES_DONE = 1,
  GENERATION = 2,
  KERNEL = 3,
  ARGUMENTS = 4,
  QUIT = 5,
  WORKERS = 6,
  FAILED = 7,
  LAUNCH = 8,
  STARTING = 9;

/** Byte addresses of the arguments (f64) and of the cuts (u32) of the current launch, and of the counters of shares. */
const ARGUMENTS_AT = 256, CUTS_AT = 1024, COUNTERS_AT = 20480;

/** Words from one counter to the next: a cache line each. */
const COUNTER_WORDS = 16;

/** Milliseconds without work after which a worker goes. */
const IDLE_MILLISECONDS = 2000;

/** Pieces of one launch at most: the cuts end far below the heap. */
export const MAXIMUM_PIECES = 4096;

/** What the worker's text is given of this module. */
const CONTROL_WORDS = {
  PIECES,
  PIECES_DONE,
  GENERATION,
  KERNEL,
  ARGUMENTS,
  QUIT,
  WORKERS,
  FAILED,
  LAUNCH,
  STARTING,
  ARGUMENTS_AT,
  CUTS_AT,
  COUNTERS_AT,
  COUNTER_WORDS,
  MAXIMUM_PIECES,
  IDLE_MILLISECONDS,
};
type ControlWords = typeof CONTROL_WORDS;

type KernelFunction = (...values: number[]) => void;

/** What a worker is started with. */
interface WorkerStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Number of threads, the calling one included. */
  count: number;
  /** The share to begin with. */
  home: number;
}

/**
 * Runs pieces of the launch that is going on until none is left to take. Like {@linkcode workerBody} it refers to
 * nothing outside itself.
 */
function runPieces(
  words: ControlWords,
  memory: WebAssembly.Memory,
  count: number,
  home: number,
): (run: (begin: number, end: number) => void) => void {
  const control = new Int32Array(memory.buffer, 0, 64);
  const cuts = new Uint32Array(memory.buffer, words.CUTS_AT, words.MAXIMUM_PIECES + 1);
  const counters = new Int32Array(memory.buffer, words.COUNTERS_AT, count * words.COUNTER_WORDS);
  return (run) => {
    for (let turn = 0; turn < count; turn++) {
      const share = (home + turn) % count;
      let left;
      while ((left = Atomics.sub(counters, share * words.COUNTER_WORDS, 1)) > 0) {
        const piece = Math.floor(control[words.PIECES]! * share / count) + left - 1;
        try {
          run(cuts[piece]!, cuts[piece + 1]!);
        } catch {
          Atomics.store(control, words.FAILED, 1);
        }
        Atomics.add(control, words.PIECES_DONE, 1);
      }
    }
  };
}

/**
 * The body of a worker. It is turned into text for a Blob URL (a worker made from a file would need a permission), so
 * it refers to nothing outside itself but what it is called with.
 */
function workerBody(words: ControlWords, makeRunPieces: typeof runPieces): void {
  const { GENERATION, KERNEL, ARGUMENTS, QUIT, WORKERS, LAUNCH, STARTING } = words;
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<WorkerStart>) => void;
    postMessage: (message: "ready" | "gone") => void;
    close: () => void;
  };
  scope.onmessage = ({ data: { module, memory, count, home } }) => {
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    const kernels = WebAssembly.Module.exports(module).map(({ name }) => instance.exports[name] as KernelFunction);
    const control = new Int32Array(memory.buffer, 0, 64);
    const scalars = new Float64Array(memory.buffer, words.ARGUMENTS_AT, 64);
    const runAll = makeRunPieces(words, memory, count, home);
    let launch = 0, kernel: KernelFunction = () => {};
    const run = (begin: number, end: number) => {
      // A launch does not end while a piece of it is out: what is read here is its description
      if (launch !== control[LAUNCH]) {
        launch = control[LAUNCH]!;
        kernel = kernels[control[KERNEL]!]!.bind(null, ...scalars.subarray(0, control[ARGUMENTS]));
      }
      kernel(begin, end);
    };
    scope.postMessage("ready");
    for (;;) {
      const generation = Atomics.load(control, GENERATION);
      runAll(run);
      if (Atomics.load(control, QUIT) === 1) break;
      // The next launch of a step is microseconds away: looking for it is cheaper than being woken.
      for (let spin = 0; spin < 2000 && Atomics.load(control, GENERATION) === generation; spin++);
      const woken = Atomics.wait(control, GENERATION, generation, words.IDLE_MILLISECONDS);
      // The first to be ready may have long to wait for the last, before there can be any work.
      if (woken === "timed-out" && Atomics.load(control, STARTING) === 0) break;
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
  readonly #counters: Int32Array;
  readonly #runPieces: ReturnType<typeof runPieces>;
  readonly #start: Omit<WorkerStart, "home">;
  readonly #url: string;
  readonly #workers = new Set<Worker>();
  #started = 0;

  private constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, count: number) {
    this.count = count;
    this.#start = { module, memory, count };
    const source = `(${workerBody})(${JSON.stringify(CONTROL_WORDS)}, ${runPieces})`;
    this.#url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.#control = new Int32Array(memory.buffer, 0, 64);
    this.#scalars = new Float64Array(memory.buffer, ARGUMENTS_AT, 64);
    this.#cuts = new Uint32Array(memory.buffer, CUTS_AT, MAXIMUM_PIECES + 1);
    this.#counters = new Int32Array(memory.buffer, COUNTERS_AT, count * COUNTER_WORDS);
    this.#runPieces = runPieces(CONTROL_WORDS, memory, count, 0);
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
    Atomics.store(threads.#control, STARTING, 1);
    try {
      await Promise.all(Array.from({ length: count - 1 }, () => threads.#startWorker()));
    } catch (error) {
      threads.stop();
      throw error;
    }
    Atomics.store(threads.#control, STARTING, 0);
    return threads;
  }

  #startWorker(): Promise<void> {
    Atomics.add(this.#control, WORKERS, 1);
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
      Atomics.store(this.#counters, share * COUNTER_WORDS, size);
    }
    Atomics.add(control, GENERATION, 1);
    Atomics.notify(control, GENERATION, pieces - 1);
    this.#runPieces(kernel.run.bind(null, ...values));
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
