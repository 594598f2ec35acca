/**
 * What `deno task doctor` finds out: the machine, its devices, whether every kernel is right on them, and how fast the
 * two operations are that everything else is measured by.
 *
 * @module
 */
import { HEAP_BYTES } from "../../src/device/cpu/_heap.ts";
import { kernelChecks } from "../../kernels/checks.ts";
import { Entries, propagate } from "../../kernels/propagate/propagate.ts";
import { CpuDevice } from "../../src/device/cpu/device.ts";
import type { Device, DeviceKind } from "../../src/device/device.ts";
import { isSoftware, requestAdapter } from "../../src/device/webgpu/_adapter.ts";
import { openWebGpuDevice, WebGpuDevice } from "../../src/device/webgpu/device.ts";

/** What the machine is, as far as it can be told without permissions. */
export interface Machine {
  /** Version of Deno. */
  readonly deno: string;
  /** Version of V8. */
  readonly v8: string;
  /** Operating system. */
  readonly os: string;
  /** Processor architecture. */
  readonly arch: string;
  /** Processors. */
  readonly cores: number;
  /** Whether threads can share memory. */
  readonly sharedMemory: boolean;
  /** The WebGPU adapter; `null` where there is none. */
  readonly adapter: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
    /** Whether it computes on the processor. */
    readonly software: boolean;
  } | null;
}

/** The self-check of one kernel. */
export interface KernelReport {
  /** Name of the kernel. */
  readonly kernel: string;
  /** Cases tried. */
  readonly cases: number;
  /** Whether all were within their tolerance. */
  readonly passed: boolean;
  /** Largest error relative to its tolerance; Infinity for what is wrong whatever the rounding. */
  readonly worst: number;
  /** What is wrong and in which case; empty if nothing is. */
  readonly detail: string;
}

/** Rates of the two operations. */
export interface Speed {
  /** Bytes read and written per second by a copy. */
  readonly copyBytesPerSecond: number;
  /** Bytes of the copied tensor. */
  readonly copyBytes: number;
  /** Least bytes that propagation has to move, per second. */
  readonly propagateBytesPerSecond: number;
  /** Multiplications and additions of propagation per second. */
  readonly propagateFlopsPerSecond: number;
  /** Milliseconds of one layer of propagation. */
  readonly propagateMilliseconds: number;
  /** Sizes of the propagation. */
  readonly propagate: { readonly rows: number; readonly columns: number; readonly edges: number };
}

/** What there is to say of one device. */
export interface DeviceReport {
  /** Kind of device. */
  readonly kind: DeviceKind;
  /** Its own description; empty where it did not open. */
  readonly description: string;
  /** Limits by name, those of the adapter; none for the cpu. */
  readonly limits: { readonly [name: string]: number };
  /** Bytes of the largest tensor. */
  readonly largestTensor: number;
  /** Self-checks, one for each kernel. */
  readonly kernels: readonly KernelReport[];
  /** Rates; `null` where they could not be measured. */
  readonly speed: Speed | null;
  /** Why the device could not be opened or measured; `null` if it could. */
  readonly failure: string | null;
}

/** The limits that bound sizes, or that kernels come near. */
const LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const;

const COPY_BYTES = 64 * 2 ** 20;
const GRAPH = { rows: 50_000, columns: 64, edges: 1_000_000 };

/** Seconds that a measurement runs: many times the 11 ms that Deno takes to notice that a GPU is done. */
const LEAST_SECONDS = 0.3;

/**
 * Looks at the machine.
 *
 * @returns What it is.
 */
export async function examineMachine(): Promise<Machine> {
  const info = (await requestAdapter())?.info;
  return {
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    os: Deno.build.os,
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    sharedMemory: typeof SharedArrayBuffer === "function" && typeof Worker === "function",
    adapter: info === undefined ? null : {
      vendor: info.vendor,
      architecture: info.architecture,
      device: info.device,
      description: info.description,
      software: isSoftware(info),
    },
  };
}

/**
 * Opens a device, checks its kernels and measures it. Whatever goes wrong is part of the report.
 *
 * @param kind Which device; `webgpu` needs an adapter.
 * @param threads Threads of the cpu device.
 * @returns The report.
 */
export async function examineDevice(kind: DeviceKind, threads?: number): Promise<DeviceReport> {
  let report: DeviceReport = {
    kind,
    description: "",
    limits: {},
    largestTensor: 0,
    kernels: [],
    speed: null,
    failure: null,
  };
  try {
    const device = kind === "cpu" ? await CpuDevice.open(threads) : await openWebGpuDevice({ allowSoftware: true });
    if (device === null) throw new Error("there is no adapter");
    await using opened = device;
    report = { ...report, description: opened.description, ...limitsOf(opened), kernels: await checkKernels(opened) };
    return { ...report, speed: await measure(opened) };
  } catch (error) {
    return { ...report, failure: messageOf(error) };
  }
}

function limitsOf(device: Device): Pick<DeviceReport, "limits" | "largestTensor"> {
  if (!(device instanceof WebGpuDevice)) return { limits: {}, largestTensor: HEAP_BYTES };
  const limits = Object.fromEntries(LIMITS.map((name) => [name, device.limits[name] ?? 0]));
  return { limits, largestTensor: Math.min(limits.maxStorageBufferBindingSize!, limits.maxBufferSize!) };
}

async function checkKernels(device: Device): Promise<KernelReport[]> {
  const reports: KernelReport[] = [];
  for (const { kernel, cases } of kernelChecks) {
    let worst = 0, detail = "";
    for (const check of cases) {
      try {
        const result = await check(device);
        if (!(result.worst <= Math.max(worst, 1))) detail = `${result.detail} (${result.case})`;
        worst = Math.max(worst, result.worst);
      } catch (error) {
        worst = Infinity;
        detail ||= messageOf(error);
      }
    }
    reports.push({ kernel, cases: cases.length, passed: worst <= 1, worst, detail });
  }
  return reports;
}

async function measure(device: Device): Promise<Speed> {
  const copySeconds = await measureCopy(device);
  const seconds = await measurePropagate(device);
  const { rows, columns, edges } = GRAPH, row = columns * 4;
  return {
    copyBytes: COPY_BYTES,
    copyBytesPerSecond: 2 * COPY_BYTES / copySeconds,
    // An index, a weight and a row for each edge; an offset, a row written and one added for each row
    propagateBytesPerSecond: (edges * (8 + row) + rows * (4 + 2 * row)) / seconds,
    propagateFlopsPerSecond: 2 * columns * (edges + rows) / seconds,
    propagateMilliseconds: seconds * 1e3,
    propagate: GRAPH,
  };
}

async function measureCopy(device: Device): Promise<number> {
  using source = device.zeros("f32", [COPY_BYTES / 4]);
  return await secondsOf(device, () => device.copy(source).dispose());
}

async function measurePropagate(device: Device): Promise<number> {
  const { rows, columns, edges } = GRAPH, degree = edges / rows;
  const scatter = (at: number) => Math.imul(at + 1, 0x9e3779b1) >>> 0;
  using rowOffsets = device.upload(Uint32Array.from({ length: rows + 1 }, (_, row) => row * degree));
  using neighbours = device.upload(Uint32Array.from({ length: edges }, (_, at) => scatter(at) % rows));
  using values = device.upload(new Float32Array(edges).fill(1 / degree));
  using source = device.upload(new Float32Array(rows * columns).fill(1), [rows, columns]);
  using output = device.empty("f32", [rows, columns]);
  const matrix = { rowOffsets, columns: neighbours, values };
  const tensors = { ...matrix, source, partials: null, addend: source, output, status: null };
  const quads = source.stride / 4;
  const scalars = {
    rows,
    sourceRows: rows,
    quads,
    panel: quads,
    outputPanel: quads,
    entries: Entries.weighted,
    turn: 0,
    step: 0,
    keep: 0,
    neighbour: 0.5,
    own: 0.5,
  };
  return await secondsOf(device, () => device.launch(propagate, tensors, scalars));
}

/** Seconds that one call takes on the device, over as many as it takes to make waiting for it count for little. */
async function secondsOf(device: Device, call: () => void): Promise<number> {
  device.batch(call);
  await device.synchronize();
  for (let calls = 1;;) {
    const start = performance.now();
    device.batch(() => {
      for (let done = 0; done < calls; done++) call();
    });
    await device.synchronize();
    const seconds = (performance.now() - start) / 1e3;
    if (seconds >= LEAST_SECONDS || calls >= 2 ** 16) return seconds / calls;
    calls = Math.ceil(calls * Math.min(32, Math.max(2, 1.2 * LEAST_SECONDS / seconds)));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
