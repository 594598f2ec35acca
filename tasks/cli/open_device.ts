import type { Device } from "../../src/device/device.ts";
import { MAXIMUM_THREADS } from "../../src/device/cpu/device.ts";
import { openDevice } from "../../src/device/open_device.ts";

/** Flags of every task that computes. */
export const deviceFlags = {
  device: {
    kind: "choice",
    choices: ["auto", "cpu", "webgpu"],
    default: "auto",
    description: "Device; auto takes a hardware GPU if there is one",
    group: "Device",
  },
  threads: {
    kind: "integer",
    min: 1,
    max: MAXIMUM_THREADS,
    description: "Threads of the cpu device (default: one for each core)",
    group: "Device",
  },
} as const;

/** Their values. */
export interface DeviceFlags {
  /** `--device`. */
  readonly device: "auto" | "cpu" | "webgpu";
  /** `--threads`. */
  readonly threads: number | undefined;
}

/**
 * Opens the device that a task's flags ask for.
 *
 * @param flags The flags.
 * @returns The device.
 */
export async function openTaskDevice({ device, threads }: DeviceFlags): Promise<Device> {
  quietGraphicsDriver();
  return await openDevice(device, threads === undefined ? {} : { threads });
}

/** On a machine without a desktop the graphics driver complains on standard error unless it has a runtime folder. */
export function quietGraphicsDriver(): void {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "XDG_RUNTIME_DIR" });
  if (state === "granted" && Deno.env.get("XDG_RUNTIME_DIR") === undefined) Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
}
