import { type Device, openDevice } from "@sevo/sevo";
import { webgpuAvailable } from "./_devices.ts";

/**
 * Registers a test on every kind of device: always on the cpu, and on webgpu, ignored where there is no adapter.
 * A test that leaves tensors behind fails.
 */
export function testOnDevices(name: string, body: (device: Device) => Promise<void> | void): void {
  for (const kind of ["cpu", "webgpu"] as const) {
    const ignore = kind === "webgpu" && !webgpuAvailable;
    Deno.test(`${name} [${kind}${ignore ? ", ignored: no adapter" : ""}]`, { ignore }, async () => {
      await using device = await openDevice(kind, { threads: 2 });
      const before = device.liveBytes;
      await body(device);
      if (device.liveBytes !== before) throw new Error(`Live bytes after the test: ${device.liveBytes - before}`);
    });
  }
}
