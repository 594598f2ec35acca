import { fileURLToPath } from "node:url";
import { isInstalled } from "./_sweeps.ts";

/** Whether there is a Slurm to test with; `SEVO_REQUIRE_SLURM=1` makes a missing one a failure. */
export const slurmAvailable: boolean = ["sbatch", "/usr/sbin/slurmctld", "/usr/sbin/munged"].every((program) =>
  isInstalled(program, "SEVO_REQUIRE_SLURM")
);

const SCRIPT = fileURLToPath(new URL("./slurm.sh", import.meta.url));

/** A Slurm of one node, 127.0.0.1. */
export class TestSlurm implements AsyncDisposable {
  readonly #folder: string;
  /** Variables of what speaks with it. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(folder: string, configuration: string) {
    this.#folder = folder;
    this.env = { SLURM_CONF: configuration };
  }

  /**
   * Starts one.
   *
   * @param folder A folder for what it keeps.
   * @returns It, when its node is ready.
   */
  static async start(folder: string): Promise<TestSlurm> {
    return new TestSlurm(folder, (await outputOf(SCRIPT, ["start", folder], {})).trim());
  }

  /**
   * Calls one of its programs.
   *
   * @param program The program.
   * @param args Its arguments.
   * @returns What it printed.
   */
  async call(program: string, ...args: readonly string[]): Promise<string> {
    return await outputOf(program, args, this.env);
  }

  /** Ends it, and its jobs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await outputOf(SCRIPT, ["stop", this.#folder], {});
  }
}

async function outputOf(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { ...env },
    stdin: "null",
  })
    .output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} failed: ${err}`);
  return out!;
}
