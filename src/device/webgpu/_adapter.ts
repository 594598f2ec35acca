/** The limits worth raising: the defaults are those of a phone. */
const RAISED_LIMITS = [
  "maxStorageBuffersPerShaderStage",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxBindingsPerBindGroup",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** Software rasterizers do not always say that they are the fallback adapter. */
const SOFTWARE_NAMES = /llvmpipe|lavapipe|softpipe|swiftshader|software|basic render/i;

/**
 * Finds the adapter that this machine runs best on.
 *
 * @returns The adapter, or `null` where WebGPU or an adapter is missing.
 */
export async function requestAdapter(): Promise<GPUAdapter | null> {
  // A browser without WebGPU has no `navigator.gpu`, whatever its type says
  const gpu = (globalThis.navigator as { readonly gpu?: GPU } | undefined)?.gpu;
  return await gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? null;
}

/**
 * Opens a device with the adapter's own limits in place of the low defaults.
 *
 * @param adapter The adapter to open.
 * @returns The device.
 * @throws {Error} If the adapter refuses.
 */
export async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name of RAISED_LIMITS) {
    const limit = adapter.limits[name];
    // An unlimited driver reports 2^64 - 1, which as a double is more than it offers
    if (limit !== undefined) requiredLimits[name] = Math.min(limit, Number.MAX_SAFE_INTEGER);
  }
  try {
    return await adapter.requestDevice({ label: "sevo", requiredLimits });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot open the WebGPU device as adapter '${adapterName(adapter.info)}' refuses: ${reason}`, {
      cause,
    });
  }
}

/**
 * Tells whether an adapter computes on the processor.
 *
 * @param info What the adapter says of itself.
 * @returns Whether it is a software adapter.
 */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || SOFTWARE_NAMES.test(`${info.description} ${info.device} ${info.vendor}`);
}

/**
 * A name for an adapter: drivers fill in any of the four fields, or none.
 *
 * @param info What the adapter says of itself.
 * @returns Its description, or what else there is.
 */
export function adapterName(info: GPUAdapterInfo): string {
  return info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(" ") ||
    "unnamed adapter";
}
