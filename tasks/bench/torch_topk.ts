import script from "./torch_topk.py" with { type: "text" };
import { TextLineStream } from "../cli/lines.ts";
import { UsageError } from "../cli/flags.ts";

/** Sizes of {@linkcode TorchTopK}. */
export interface TopKSizes {
  readonly items: number;
  readonly columns: number;
  /** Users of a round. */
  readonly users: number;
  /** Items of a list. */
  readonly count: number;
  /** Users of a block. */
  readonly block: number;
  readonly threads: number;
}

/** PyTorch's `topk(queries @ items.T)` in blocks, in a process of its own that waits between rounds. */
export class TorchTopK implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  /**
   * Starts it.
   *
   * @param python Python with PyTorch.
   * @param sizes Sizes.
   * @throws {UsageError} If Python does not start.
   */
  constructor(python: string, { items, columns, users, count, block, threads }: TopKSizes) {
    const args = ["-c", script, ...[items, columns, users, count, block, threads].map(String)];
    try {
      this.#process = new Deno.Command(python, { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
    } catch (error) {
      throw new UsageError(
        `Cannot run bench --versus-torch as '${python}' does not start: ${(error as Error).message}`,
      );
    }
    this.#input = this.#process.stdin.getWriter();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
      .getReader();
  }

  /**
   * Times a round.
   *
   * @returns Seconds.
   * @throws {UsageError} If PyTorch does not run.
   */
  async round(): Promise<number> {
    await this.#input.write(new TextEncoder().encode("\n"));
    const { value } = await this.#lines.read();
    if (value === undefined) throw new UsageError("Cannot run bench --versus-torch as PyTorch does not run: see above");
    return JSON.parse(value).seconds;
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#process.status;
  }
}
