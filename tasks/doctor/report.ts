import type { DeviceReport, Machine, Speed } from "./examine.ts";

/** Width of what is printed: half a screen, and no line break in an issue. */
const WIDTH = 96;

/** Columns that a label takes. */
const LABEL = 16;

/** Columns that the name of a kernel takes. */
const LONGEST_KERNEL = 27;

/** Bytes of a row of 64 float32. */
const ROW_BYTES = 64 * 4;

/** How it all came out. */
export interface Verdict {
  /** The last line of the report. */
  readonly line: string;
  /** Whether nothing failed. */
  readonly passed: boolean;
}

/**
 * Which device `auto` takes on a machine.
 *
 * @param machine The machine.
 * @returns The kind of device and the reason.
 */
export function autoOf({ adapter }: Machine): { device: "cpu" | "webgpu"; reason: string } {
  if (adapter === null) return { device: "cpu", reason: "there is no WebGPU adapter" };
  if (adapter.software) {
    return { device: "cpu", reason: "the WebGPU adapter is software: taken only when asked for by name" };
  }
  return { device: "webgpu", reason: "there is a hardware WebGPU adapter" };
}

/**
 * What to do to get an adapter.
 *
 * @param machine A machine without one.
 * @returns Advice, a line each.
 */
export function adviceOf({ os }: Machine): string[] {
  if (os === "darwin") return ["Metal comes with macOS: update Deno, and run outside a virtual machine"];
  if (os === "windows") return ["install the GPU's driver from its vendor: WebGPU runs on DirectX 12 or Vulkan"];
  return [
    "NVIDIA: the driver's Vulkan files (libnvidia-gl-*), libvulkan1; in containers",
    "  NVIDIA_DRIVER_CAPABILITIES=all, and VK_DRIVER_FILES naming nvidia_icd.json",
    "AMD, Intel: apt-get install mesa-vulkan-drivers libvulkan1, and access to /dev/dri",
    "software, for tests: apt-get install mesa-vulkan-drivers libvulkan1",
  ];
}

/**
 * The machine in lines.
 *
 * @param machine The machine.
 * @returns The lines.
 */
export function machineLines(machine: Machine): string[] {
  const { deno, v8, os, arch, cores, sharedMemory, adapter } = machine;
  const auto = autoOf(machine);
  const lines = [
    ...field("versions", `Deno ${deno}, V8 ${v8}`),
    ...field("machine", `${os} ${arch}, ${cores} ${cores === 1 ? "core" : "cores"}`),
    ...field("threads", sharedMemory ? "yes: SharedArrayBuffer is there" : "no: SharedArrayBuffer is missing, so one"),
  ];
  if (adapter === null) {
    lines.push(...field("adapter", "none"), ...adviceOf(machine).map((line) => " ".repeat(LABEL) + line));
  } else {
    const { vendor, architecture, device } = adapter;
    lines.push(
      ...field("adapter", `${adapter.description || "unnamed"}, ${adapter.software ? "software" : "hardware"}`),
    );
    lines.push(...field("", `vendor ${vendor || "-"}, architecture ${architecture || "-"}, device ${device || "-"}`));
  }
  return [...lines, ...field("auto", `${auto.device}, as ${auto.reason}`)];
}

/**
 * A device in lines.
 *
 * @param report The device.
 * @returns The lines.
 */
export function deviceLines(
  { kind, description, limits, largestTensor, kernels, speed, failure }: DeviceReport,
): string[] {
  const lines = ["", description || kind];
  if (largestTensor > 0) {
    const rows = Math.floor(largestTensor / ROW_BYTES).toLocaleString("en-US");
    const of = kind === "cpu" ? "memory of all tensors together" : "largest binding";
    lines.push(...field("largest table", `${rows} rows x 64 (${bytes(largestTensor)}, ${of})`));
  }
  if (kind === "webgpu" && Object.keys(limits).length > 0) {
    const { maxBufferSize, maxStorageBuffersPerShaderStage, maxComputeWorkgroupStorageSize } = limits;
    const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupsPerDimension } = limits;
    lines.push(...field(
      "limits",
      `buffer ${bytes(maxBufferSize!)}, ${maxStorageBuffersPerShaderStage} storage buffers, workgroup of ` +
        `${maxComputeInvocationsPerWorkgroup} with ${bytes(maxComputeWorkgroupStorageSize!)}, ` +
        `${maxComputeWorkgroupsPerDimension!.toLocaleString("en-US")} workgroups`,
    ));
  }
  kernels.forEach(({ kernel, cases, passed, worst, detail }, at) => {
    const outcome = passed
      ? `ok     ${worst.toFixed(2).padStart(5)} of tolerance  `
      : `WRONG  ${worst < 1000 ? worst.toFixed(1).padStart(5) : "  far"} of tolerance  `;
    lines.push(
      (at === 0 ? "kernels" : "").padEnd(LABEL) + kernel.padEnd(LONGEST_KERNEL) + outcome + plural(cases, "case"),
    );
    if (!passed) lines.push(...field("", detail, 2));
  });
  if (speed) lines.push(...speedLines(speed));
  if (failure !== null) lines.push(...field("failed", failure));
  return lines;
}

function speedLines(speed: Speed): string[] {
  const { rows, columns, edges } = speed.propagate;
  const count = (value: number) => value.toLocaleString("en-US");
  return [
    ...field("copy", `${giga(speed.copyBytesPerSecond)}B/s read and written (${bytes(speed.copyBytes)})`),
    ...field(
      "propagate",
      `${giga(speed.propagateBytesPerSecond)}B/s gathered and written, ${giga(speed.propagateFlopsPerSecond)}FLOP/s`,
    ),
    ...field(
      "",
      `${significant(speed.propagateMilliseconds)} ms: ${count(rows)} rows x ${columns}, ${count(edges)} edges`,
    ),
  ];
}

/**
 * How it all came out.
 *
 * @param devices Reports of the devices examined.
 * @returns The verdict.
 */
export function verdictOf(devices: readonly DeviceReport[]): Verdict {
  if (devices.length === 0) return { line: "Nothing was checked as there is no WebGPU adapter", passed: false };
  const problems: string[] = [];
  for (const { kind, kernels, failure } of devices) {
    const wrong = kernels.filter(({ passed }) => !passed).map(({ kernel }) => kernel);
    // More than a few are in the report
    const names = wrong.length > 4 ? "" : ` (${wrong.join(", ")})`;
    if (wrong.length > 0) problems.push(`${wrong.length} of ${kernels.length} kernels wrong on ${kind}${names}`);
    if (failure !== null) problems.push(`${kind} failed`);
  }
  if (problems.length > 0) {
    return { line: `Not well: ${problems.join("; ")}. Please report all of the above`, passed: false };
  }
  const kinds = devices.map(({ kind }) => kind).join(" and ");
  return { line: `All is well: ${plural(devices[0]!.kernels.length, "kernel")} right on ${kinds}`, passed: true };
}

/** A label and a text, wrapped. */
function field(label: string, text: string, indent = 0): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && LABEL + indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line += (line === "" ? "" : " ") + word;
    }
  }
  return [...lines, line].map((part, at) => (at === 0 ? label : "").padEnd(LABEL + indent) + part);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function bytes(count: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const unit = Math.min(3, Math.max(0, Math.floor(Math.log2(Math.max(count, 1)) / 10)));
  const value = count / 1024 ** unit;
  return `${Number.isInteger(value) ? value : value.toFixed(2)} ${units[unit]}`;
}

function giga(rate: number): string {
  return `${significant(rate / 1e9)} G`;
}

function significant(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
