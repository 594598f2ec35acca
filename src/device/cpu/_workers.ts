/** A worker, wherever it runs. */
export interface WorkerThread {
  /** Says something to the worker. */
  postMessage(message: unknown): void;
  /** Ends it. */
  terminate(): unknown;
}

/** Who hears of a worker. */
export interface WorkerListener {
  /** Hears what it says. */
  readonly said: (data: unknown) => void;
  /** Hears why it could not start or go on; browsers do not always say. */
  readonly failed: (reason: string | undefined) => void;
}

/** What is used of Node's `worker_threads`. */
interface WorkerThreadsModule {
  readonly Worker: new (source: string, options: { readonly eval: true }) => WorkerThread & {
    on(event: "message", listener: (data: unknown) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
  };
}

/** Gives the program in a worker of Node's the globals that a worker has elsewhere. */
const NODE_PREAMBLE = `{
  const { parentPort } = process.getBuiltinModule("worker_threads");
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  globalThis.close = () => parentPort.close();
  parentPort.once("message", (data) => globalThis.onmessage({ data }));
}
`;

/** Node has no global `Worker`; its module is asked for in a way that a bundler for pages passes over. */
function workerThreads(): WorkerThreadsModule | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): WorkerThreadsModule | undefined } };
  return process?.getBuiltinModule?.("worker_threads");
}

/** Workers that all run one program: those of Deno and of browsers, or Node's. */
export class Workers {
  readonly #program: string;
  #url: string | null = null;

  /**
   * @param program What they run.
   */
  constructor(program: string) {
    this.#program = program;
  }

  /** Whether there are workers here, and memory to share with them: a page has it only where it is isolated. */
  static get supported(): boolean {
    return typeof SharedArrayBuffer === "function" && (typeof Worker === "function" || workerThreads() !== undefined);
  }

  /**
   * Starts a worker.
   *
   * @param listener Who hears of it.
   * @returns The worker.
   * @throws {Error} If it may not start; some browsers tell the listener instead.
   */
  start(listener: WorkerListener): WorkerThread {
    if (typeof Worker !== "function") {
      const worker = new (workerThreads()!.Worker)(NODE_PREAMBLE + this.#program, { eval: true });
      worker.on("message", listener.said);
      worker.on("error", ({ message }) => listener.failed(message));
      return worker;
    }
    this.#url ??= URL.createObjectURL(new Blob([this.#program], { type: "text/javascript" }));
    const worker = new Worker(this.#url, { type: "module" });
    worker.onmessage = ({ data }) => listener.said(data);
    worker.onerror = (event) => {
      event.preventDefault();
      listener.failed(event.message);
    };
    return worker;
  }

  /** Forgets the program: no more workers start. */
  dispose(): void {
    if (this.#url !== null) URL.revokeObjectURL(this.#url);
    this.#url = null;
  }
}
