import { CpuDevice } from "./cpu/device.ts";
import type { Device, DeviceKind } from "./device.ts";
import { checkOptions, checkType } from "../options.ts";
import { openWebGpuDevice } from "./webgpu/device.ts";

/** Options of {@linkcode openDevice}. */
export interface DeviceOptions {
  /**
   * Threads of the cpu device, up to 256; by default one for each core. Of more than two for each core, and more than
   * eight, the rest is not started. No result depends on it. Not used by `webgpu`.
   */
  readonly threads?: number;
}

const OPTIONS: readonly (keyof DeviceOptions)[] = ["threads"];

/**
 * Opens a device. `auto` takes a hardware WebGPU adapter if there is one and `cpu` otherwise; a software adapter is
 * taken only where `webgpu` is asked for by name.
 *
 * In a worker: a process can crash as it ends where a worker that used WebGPU was ended by `terminate()` just before.
 * Plain WebGPU does it too: it is Deno's, of 2.9, or the driver's. Let the worker dispose of its device and end itself
 * with `close()`.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu", { threads: 1 });
 * assertEquals(device.description, "cpu: WebAssembly SIMD, 1 thread");
 * ```
 *
 * @param kind Which device.
 * @param options Options.
 * @returns The device. Dispose of it, or declare it with `await using`.
 * @throws {TypeError} If `kind` is none of the three, or an option is unknown or of another type.
 * @throws {RangeError} If `threads` is out of range.
 * @throws {NoAdapterError} If `webgpu` was asked for and there is no adapter.
 */
export async function openDevice(kind: DeviceKind | "auto" = "auto", options: DeviceOptions = {}): Promise<Device> {
  checkOptions("Cannot open a device", options, OPTIONS);
  if (options.threads !== undefined) checkType("Cannot open a device", "threads", options.threads, "number");
  switch (kind) {
    case "cpu":
      return await CpuDevice.open(options.threads);
    case "webgpu": {
      const device = await openWebGpuDevice({ allowSoftware: true });
      if (device) return device;
      throw new NoAdapterError(
        "Cannot open the webgpu device as there is no adapter: install the graphics driver's Vulkan package, or for " +
          "software Vulkan `apt-get install mesa-vulkan-drivers libvulkan1`, or use `cpu`",
      );
    }
    case "auto":
      return await openWebGpuDevice({ allowSoftware: false }) ?? await CpuDevice.open(options.threads);
    default:
      throw new TypeError(
        `Cannot open a device as the kind must be 'auto', 'cpu' or 'webgpu': current value is '${kind}'`,
      );
  }
}

/**
 * There is no WebGPU adapter.
 *
 * @example
 * ```ts
 * import { NoAdapterError, openDevice } from "@sevo/sevo";
 * import { assert } from "@std/assert";
 *
 * const opened = await openDevice("webgpu").catch((error) => {
 *   if (error instanceof NoAdapterError) return openDevice("cpu");
 *   throw error;
 * });
 * await using device = opened;
 * assert(device.kind === "webgpu" || device.kind === "cpu");
 * ```
 */
export class NoAdapterError extends Error {
  /** `NoAdapterError`. */
  override name = "NoAdapterError";
}
