import script from "./torch_peer.py" with { type: "text" };
import { TextLineStream } from "../cli/lines.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { UsageError } from "../cli/flags.ts";
import { writeReference } from "./torch_reference.ts";

/** Where PyTorch is, and what to time. */
export interface TorchOptions {
  readonly columns: number;
  readonly layers: number;
  /** Python with PyTorch. */
  readonly python: string;
  readonly threads: number | undefined;
}

/** The PyTorch reference in a process of its own, timed on request, so that ours and theirs can be timed in turn. */
export class TorchPeer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(process: Deno.ChildProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
    this.#input = process.stdin.getWriter();
    this.#lines = process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  }

  /**
   * Starts it on a graph.
   *
   * @param graph The graph.
   * @param options Where things are.
   * @returns The peer, warmed up.
   * @throws {UsageError} If PyTorch is not there.
   */
  static async start(graph: Graph, { columns, layers, python, threads }: TorchOptions): Promise<TorchPeer> {
    const folder = await Deno.makeTempDir();
    await Deno.writeFile(`${folder}/row_offsets`, bytesOf(graph.rowOffsets));
    await Deno.writeFile(`${folder}/columns`, bytesOf(graph.columns));
    await Deno.writeFile(`${folder}/values`, bytesOf(graph.values));
    await writeReference(folder);
    const cores = threads ?? navigator.hardwareConcurrency;
    const args = ["-c", script, folder, graph.rows, columns, layers, cores];
    let process;
    try {
      process = new Deno.Command(python, { args: args.map(String), stdin: "piped", stdout: "piped", stderr: "piped" })
        .spawn();
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw new UsageError(
        `Cannot run bench --versus-torch as '${python}' does not start: ${(error as Error).message}`,
      );
    }
    const peer = new TorchPeer(process, folder);
    if ((await peer.#lines.read()).value !== "ready") {
      const reason = (await new Response(process.stderr).text()).trim().split("\n").at(-1);
      await Deno.remove(folder, { recursive: true });
      throw new UsageError(`Cannot run bench --versus-torch as the reference does not run: ${reason}`);
    }
    return peer;
  }

  /**
   * Times one case.
   *
   * @param name `propagation`, `sevo-adamw` or `adamw`.
   * @returns Milliseconds that one call takes.
   */
  async time(name: "propagation" | "sevo-adamw" | "adamw"): Promise<number> {
    await this.#input.write(new TextEncoder().encode(name + "\n"));
    return Number((await this.#lines.read()).value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#process.stderr.cancel();
    await this.#process.status;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function bytesOf(array: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
