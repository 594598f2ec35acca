/** Reads a variable if that needs no prompt: tests run with and without `--allow-env`. */
function readEnv(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/**
 * Whether there is a WebGPU adapter, software ones included. Tests that need one set `ignore: !webgpuAvailable`;
 * `SEVO_REQUIRE_WEBGPU=1` makes a missing adapter a failure.
 */
export const webgpuAvailable: boolean = (await navigator.gpu?.requestAdapter() ?? null) !== null;

if (!webgpuAvailable && readEnv("SEVO_REQUIRE_WEBGPU") === "1") {
  throw new Error(
    "Cannot test the webgpu device as there is no adapter: install Debian's mesa-vulkan-drivers and libvulkan1, or " +
      "the vendor's Vulkan driver, or unset SEVO_REQUIRE_WEBGPU",
  );
}
