/**
 * What a worker thread of the cpu device runs, and the control block by which it and the calling thread understand each
 * other.
 *
 * @module
 */

/** The control block, at the bottom of the shared memory, as the text of a worker is given it. */
export const CONTROL = {
  // Words
  PIECES: 0,
  PIECES_DONE: 1,
  GENERATION: 2,
  KERNEL: 3,
  ARGUMENTS: 4,
  QUIT: 5,
  WORKERS: 6,
  FAILED: 7,
  LAUNCH: 8,
  STARTING: 9,
  // Byte addresses of the arguments (f64) and of the cuts (u32) of the current launch, and of the counters of shares
  ARGUMENTS_AT: 256,
  CUTS_AT: 1024,
  COUNTERS_AT: 20480,
  /** Words from one counter to the next: a cache line each. */
  COUNTER_WORDS: 16,
  /** Pieces of one launch at most: the cuts end far below the heap. */
  MAXIMUM_PIECES: 4096,
  /** Milliseconds without work after which a worker goes. */
  IDLE_MILLISECONDS: 2000,
} as const;
type ControlBlock = typeof CONTROL;

/** A kernel as WebAssembly exports it. */
export type KernelFunction = (...values: number[]) => void;

/** What a worker is started with. */
export interface WorkerStart {
  /** The compiled kernels. */
  module: WebAssembly.Module;
  /** The memory all threads share. */
  memory: WebAssembly.Memory;
  /** Number of threads, the calling one included. */
  count: number;
  /** The share to begin with. */
  home: number;
}

/**
 * What takes pieces of the launch that is going on, and runs them, until none is left. Like {@linkcode workerBody} it
 * refers to nothing outside itself.
 *
 * @param words The control block.
 * @param memory The memory all threads share.
 * @param count Number of threads, the calling one included.
 * @param home The share to begin with.
 * @param run Runs a piece: items from `begin` to `end`.
 * @returns A function that does so.
 */
export function runPieces(
  words: ControlBlock,
  memory: WebAssembly.Memory,
  count: number,
  home: number,
  run: (begin: number, end: number) => void,
): () => void {
  const control = new Int32Array(memory.buffer, 0, 64);
  const cuts = new Uint32Array(memory.buffer, words.CUTS_AT, words.MAXIMUM_PIECES + 1);
  const counters = new Int32Array(memory.buffer, words.COUNTERS_AT, count * words.COUNTER_WORDS);
  return () => {
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
 * The body of a worker. It refers to nothing outside itself but what it is called with, and none of its functions has a
 * name: a bundler that is to keep names would wrap each in a helper, which is outside. All of them are made before it says
 * that it is ready: if one could not be, that is noticed.
 */
function workerBody(words: ControlBlock, makeRunPieces: typeof runPieces): void {
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
    let launch = 0, kernel = kernels[0]!;
    const runAll = makeRunPieces(words, memory, count, home, (begin, end) => {
      // A launch does not end while a piece of it is out: what is read here is its description
      if (launch !== control[LAUNCH]) {
        launch = control[LAUNCH]!;
        kernel = kernels[control[KERNEL]!]!.bind(null, ...scalars.subarray(0, control[ARGUMENTS]));
      }
      kernel(begin, end);
    });
    scope.postMessage("ready");
    for (;;) {
      const generation = Atomics.load(control, GENERATION);
      runAll();
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

/**
 * The program of a worker, as text: a worker made from a file would need a permission in Deno, and a file of its own
 * beside whatever a bundler makes.
 *
 * @returns JavaScript that waits for a {@linkcode WorkerStart}, says `"ready"`, and `"gone"` at its end.
 */
export function workerSource(): string {
  return `(${workerBody})(${JSON.stringify(CONTROL)}, ${runPieces})`;
}
