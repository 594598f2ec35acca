import { fittingRuns, thisMachine } from "../../src/experiments/machine.ts";
import type { Flags } from "../cli/flags.ts";
import { openTaskDevice } from "../cli/open_device.ts";

/** The flag of how many runs there are at a time on a machine. */
export const jobsFlag = {
  kind: "integer",
  min: 1,
  max: 1024,
  description: "Runs at a time, which share the cores (default: as many as fit cores and memory; one on a GPU)",
  group: "Runs",
} as const satisfies Flags[string];

/**
 * How many runs fit this machine at a time: one on a GPU, as it has room for no second, else as many as cores and memory
 * allow.
 *
 * @param devices The devices that are asked for: `auto`, `cpu` or `webgpu`.
 * @returns Their number.
 */
export async function fittingJobs(devices: ReadonlySet<string>): Promise<number> {
  if (devices.has("webgpu")) return 1;
  if (devices.has("auto")) {
    await using opened = await openTaskDevice({ device: "auto", threads: 1 });
    if (opened.kind === "webgpu") return 1;
  }
  return fittingRuns(thisMachine());
}
