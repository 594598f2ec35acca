import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { kernelChecks } from "../../kernels/checks.ts";
import type { DeviceReport, Machine } from "../../tasks/doctor/examine.ts";
import { adviceOf, autoOf, deviceLines, machineLines, verdictOf } from "../../tasks/doctor/report.ts";

async function doctor(...args: string[]): Promise<{ code: number; stdout: string }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "doctor", ...args],
    stderr: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

const machine: Machine = {
  deno: "2.9.6",
  v8: "15.0",
  os: "linux",
  arch: "x86_64",
  cores: 2,
  sharedMemory: true,
  adapter: null,
};
const adapter = { vendor: "4318", architecture: "", device: "9013", description: "NVIDIA H200", software: false };

const well: DeviceReport = {
  kind: "webgpu",
  description: "webgpu: NVIDIA H200, hardware",
  limits: {
    maxStorageBufferBindingSize: 2 ** 32 - 1,
    maxBufferSize: 2 ** 40,
    maxStorageBuffersPerShaderStage: 1_000_000,
    maxComputeWorkgroupStorageSize: 49_152,
    maxComputeInvocationsPerWorkgroup: 1024,
    maxComputeWorkgroupsPerDimension: 2 ** 31,
  },
  largestTensor: 2 ** 32 - 1,
  kernels: [{ kernel: "propagate", cases: 5, passed: true, worst: 0.4, detail: "" }],
  speed: {
    copyBytes: 2 ** 26,
    copyBytesPerSecond: 4e12,
    propagateBytesPerSecond: 3e12,
    propagateFlopsPerSecond: 1.4e12,
    propagateMilliseconds: 0.1,
    propagate: { rows: 50_000, columns: 64, edges: 1_000_000 },
  },
  failure: null,
};
const detail =
  "output[7] is 1: expected 2 within 1.0e-7 (seed 2, rows 300, sourceRows 200, columns 64, edges 20, keep 0)";
const wrong: DeviceReport = {
  ...well,
  kernels: [{ kernel: "propagate", cases: 5, passed: false, worst: Infinity, detail }],
};

Deno.test("deno task doctor finds every kernel right on the cpu, and says so to programs", async () => {
  const { code, stdout } = await doctor("--device", "cpu", "--threads", "1", "--json");
  const report = JSON.parse(stdout);
  assertEquals(code, 0);
  assertEquals(report.verdict.passed, true);
  assertEquals(report.devices.length, 1);
  const [{ kind, description, kernels, speed, failure }] = report.devices;
  assertEquals([kind, description, failure], ["cpu", "cpu: WebAssembly SIMD, 1 thread", null]);
  assertEquals(kernels.map(({ kernel }: { kernel: string }) => kernel), kernelChecks.map(({ kernel }) => kernel));
  assert(speed.copyBytesPerSecond > 0 && speed.propagateBytesPerSecond > 0);
});

Deno.test("deno task doctor --help says what it does", async () => {
  const { code, stdout } = await doctor("--help");
  assertEquals(code, 0);
  assertStringIncludes(stdout, "--device");
});

Deno.test("autoOf() takes hardware alone", () => {
  assertEquals(autoOf(machine).device, "cpu");
  assertEquals(autoOf({ ...machine, adapter: { ...adapter, software: true } }).device, "cpu");
  assertEquals(autoOf({ ...machine, adapter }).device, "webgpu");
});

Deno.test("machineLines() says what to install where there is no adapter", () => {
  assertStringIncludes(machineLines(machine).join("\n"), "apt-get install mesa-vulkan-drivers libvulkan1");
  for (const os of ["darwin", "windows", "linux"]) assert(adviceOf({ ...machine, os }).length > 0);
});

Deno.test("reports fit in 100 columns", () => {
  const long = { ...wrong, failure: "Cannot go on as " + "there is no more memory ".repeat(20) };
  const lines = [
    ...machineLines(machine),
    ...machineLines({ ...machine, adapter }),
    ...deviceLines(well),
    ...deviceLines(long),
  ];
  for (const line of lines) assert(line.length <= 100, line);
});

Deno.test("deviceLines() shows what is wrong and where", () => {
  const text = deviceLines(wrong).join("\n").replace(/\s+/g, " ");
  assertStringIncludes(text, "propagate WRONG far of tolerance 5 cases");
  assertStringIncludes(text, detail);
});

Deno.test("verdictOf() fails for a wrong kernel, a device that fails, and none at all", () => {
  assertEquals(verdictOf([well]), { line: "All is well: 1 kernel right on webgpu", passed: true });
  assertEquals(verdictOf([well, wrong]), {
    line: "Not well: 1 of 1 kernels wrong on webgpu (propagate). Please report all of the above",
    passed: false,
  });
  assertEquals(verdictOf([{ ...well, failure: "the device was lost" }]).passed, false);
  assertEquals(verdictOf([]).passed, false);
});
