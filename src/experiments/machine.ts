/** What this machine has for runs beside each other. */
export interface Machine {
  /** Cores that this process may use. */
  readonly cores: number;
  /** Bytes of memory that are free, or may become it; Infinity where nothing says so. */
  readonly memory: number;
}

/**
 * Bytes that a run should have to itself. With published settings and one thread, an epoch took 0.3 to 1.0 GB at its peak
 * on Amazon Beauty, BERT4Rec the most, and SASRec 1.2 GB on MovieLens-1M; larger data take more, and `--jobs` says how many
 * runs fit then.
 */
export const MEMORY_OF_RUN = 1.5 * 2 ** 30;

/**
 * Looks at this machine. How much memory a container may take of it, Deno tells nobody without all permissions.
 *
 * @returns What it has.
 */
export function thisMachine(): Machine {
  return { cores: navigator.hardwareConcurrency ?? 1, memory: free() };
}

/**
 * How many runs fit a machine: one a core, as far as its memory goes, and at least one.
 *
 * @param machine The machine.
 * @returns Their number.
 */
export function fittingRuns({ cores, memory }: Machine): number {
  return Math.max(1, Math.min(cores, Math.floor(memory / MEMORY_OF_RUN)));
}

function free(): number {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "systemMemoryInfo" });
  return state === "granted" ? Deno.systemMemoryInfo().available : Infinity;
}
