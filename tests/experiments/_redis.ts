import { after, isInstalled } from "./_sweeps.ts";

/** Whether there is a Redis to test with; `SEVO_REQUIRE_REDIS=1` makes a missing one a failure. */
export const redisAvailable: boolean = isInstalled("redis-server", "SEVO_REQUIRE_REDIS");

/** A Redis of its own, which can be killed and started again. */
export class TestRedis implements AsyncDisposable {
  readonly #args: readonly string[];
  readonly #port: number;
  readonly #password: string | null;
  #child: Deno.ChildProcess | null = null;

  private constructor(args: readonly string[], port: number, password: string | null) {
    [this.#args, this.#port, this.#password] = [args, port, password];
  }

  /**
   * Starts one.
   *
   * @param folder Where it keeps what it keeps.
   * @param options Whether it does, and what lets one in.
   * @returns The server, which answers.
   */
  static async start(
    folder: string,
    { persistent = false, password = null }: { persistent?: boolean; password?: string | null } = {},
  ): Promise<TestRedis> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }), { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const redis = new TestRedis(
      [
        ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...persistent ? ["--appendonly", "yes", "--appendfsync", "always"] : [],
        ...password === null ? [] : ["--requirepass", password],
      ],
      port,
      password,
    );
    await redis.again();
    return redis;
  }

  /** Its URL. */
  get url(): string {
    const password = this.#password === null ? "" : `:${encodeURIComponent(this.#password)}@`;
    return `redis://${password}127.0.0.1:${this.#port}`;
  }

  /** Starts it, or starts it again. */
  async again(): Promise<void> {
    this.#child = new Deno.Command("redis-server", {
      args: [...this.#args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.#port })).close();
        return;
      } catch {
        await after(20);
      }
    }
  }

  /** Kills it, as a power cut does. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.status;
    this.#child = null;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
