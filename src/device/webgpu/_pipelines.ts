import type { Dependent, PooledBuffer } from "./_buffer_pool.ts";
import type { Faults } from "./_faults.ts";
import { generateWgsl, type KernelSource, numberLines } from "./_wgsl.ts";

/** Bind groups kept per kernel; packed batches vary in size, so the combinations of pooled buffers do not end. */
const MAX_GROUPS = 512;

/** Pipelines of one device by kernel, each created at its first launch. */
export class Pipelines {
  readonly #gpu: GPUDevice;
  readonly #faults: Faults;
  readonly #uniforms: GPUBuffer;
  readonly #slotBytes: number;
  readonly #pipelines = new Map<KernelSource, Pipeline>();

  /**
   * @param gpu The device to create pipelines on.
   * @param faults Told of shaders that do not compile.
   * @param uniforms The buffer that holds the scalars of all launches.
   * @param slotBytes Bytes that one launch may take of it.
   */
  constructor(gpu: GPUDevice, faults: Faults, uniforms: GPUBuffer, slotBytes: number) {
    this.#gpu = gpu;
    this.#faults = faults;
    this.#uniforms = uniforms;
    this.#slotBytes = slotBytes;
  }

  /**
   * Gets the pipeline of a kernel.
   *
   * @param kernel The kernel.
   * @returns Its pipeline, which may turn out not to compile.
   * @throws {RangeError} If the kernel binds more than the adapter allows.
   * @throws {Error} If the kernel is known not to compile.
   */
  get(kernel: KernelSource): Pipeline {
    let pipeline = this.#pipelines.get(kernel);
    if (pipeline === undefined) {
      this.#checkLimits(kernel);
      pipeline = new Pipeline(this.#gpu, kernel, this.#uniforms);
      this.#faults.track(pipeline.compiled.then((failure) => {
        if (failure !== null) this.#faults.record(new Error(failure), true);
      }));
      this.#pipelines.set(kernel, pipeline);
    }
    if (pipeline.failure !== null) throw new Error(pipeline.failure);
    return pipeline;
  }

  #checkLimits(kernel: KernelSource): void {
    const count = Object.keys(kernel.bindings).length;
    const allowed = this.#gpu.limits.maxStorageBuffersPerShaderStage ?? 8;
    if (count > allowed) {
      throw new RangeError(
        `Cannot launch kernel '${kernel.name}' as this adapter binds at most ${allowed} storage buffers: ` +
          `the kernel binds ${count}`,
      );
    }
    const bytes = 4 * Object.keys(kernel.params).length;
    if (bytes > this.#slotBytes) {
      throw new RangeError(
        `Cannot launch kernel '${kernel.name}' as its scalars take more than ${this.#slotBytes} bytes: they take ${bytes}`,
      );
    }
  }
}

/** A kernel compiled for one device, and the bind groups made for it. */
export class Pipeline {
  /** Names of the storage bindings in order. */
  readonly names: readonly string[];
  /** Whether each storage binding is written. */
  readonly written: readonly boolean[];
  /** Scalars in order: name and type. */
  readonly params: readonly (readonly [name: string, type: "u32" | "f32"])[];
  /** The WebGPU pipeline; invalid if the shader does not compile. */
  readonly raw: GPUComputePipeline;
  /** Resolves once it is known whether the shader compiles: to `null`, or to what is wrong with it. */
  readonly compiled: Promise<string | null>;
  readonly #gpu: GPUDevice;
  readonly #name: string;
  readonly #layout: GPUBindGroupLayout;
  readonly #uniforms: GPUBuffer;
  readonly #groups = new Map<string, CachedGroup>();
  #failure: string | null = null;

  /**
   * @param gpu The device to create the pipeline on.
   * @param kernel The kernel.
   * @param uniforms The buffer that holds the scalars of all launches.
   */
  constructor(gpu: GPUDevice, kernel: KernelSource, uniforms: GPUBuffer) {
    this.#gpu = gpu;
    this.#name = kernel.name;
    this.#uniforms = uniforms;
    const bindings = Object.values(kernel.bindings);
    this.names = Object.keys(kernel.bindings);
    this.written = bindings.map(({ access }) => access !== "read");
    this.params = Object.entries(kernel.params);

    const label = kernel.name;
    const code = generateWgsl(kernel);
    gpu.pushErrorScope("internal");
    gpu.pushErrorScope("validation");
    const module = gpu.createShaderModule({ label, code });
    this.#layout = gpu.createBindGroupLayout({ label, entries: this.#layoutEntries() });
    this.raw = gpu.createComputePipeline({
      label,
      layout: gpu.createPipelineLayout({ label, bindGroupLayouts: [this.#layout] }),
      compute: { module, entryPoint: "main" },
    });
    const scopes = Promise.all([gpu.popErrorScope(), gpu.popErrorScope()]);
    this.compiled = scopes.then(async ([invalid, internal]) => {
      const error = invalid ?? internal;
      if (error === null) return null;
      this.#failure = await describeFailure(label, code, module, error);
      return this.#failure;
    });
  }

  /** What is wrong with the shader, as far as is known by now. */
  get failure(): string | null {
    return this.#failure;
  }

  /**
   * Gets the bind group of these buffers.
   *
   * @param buffers One buffer per storage binding, in order.
   * @returns The bind group: whole buffers, and the scalars at a dynamic offset.
   */
  group(buffers: readonly PooledBuffer[]): GPUBindGroup {
    let key = "";
    for (const { id } of buffers) key += `${id},`;
    const cached = this.#groups.get(key);
    if (cached !== undefined) return cached.raw;
    // Maps keep the order of insertion, so this is the oldest
    if (this.#groups.size >= MAX_GROUPS) this.#groups.values().next().value?.evict();
    const entries: GPUBindGroupEntry[] = buffers.map(({ raw }, binding) => ({ binding, resource: { buffer: raw } }));
    if (this.params.length > 0) {
      const size = uniformBytes(this.params.length);
      entries.push({ binding: buffers.length, resource: { buffer: this.#uniforms, size } });
    }
    const raw = this.#gpu.createBindGroup({ label: this.#name, layout: this.#layout, entries });
    this.#groups.set(key, new CachedGroup(raw, key, this.#groups, buffers));
    return raw;
  }

  #layoutEntries(): GPUBindGroupLayoutEntry[] {
    const entries: GPUBindGroupLayoutEntry[] = this.written.map((written, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: written ? "storage" : "read-only-storage" },
    }));
    if (this.params.length > 0) {
      entries.push({
        binding: entries.length,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: 4 * this.params.length },
      });
    }
    return entries;
  }
}

/** A bind group that leaves its cache when one of its buffers is destroyed. */
class CachedGroup implements Dependent {
  readonly raw: GPUBindGroup;
  readonly #key: string;
  readonly #cache: Map<string, CachedGroup>;
  readonly #buffers: readonly PooledBuffer[];

  constructor(
    raw: GPUBindGroup,
    key: string,
    cache: Map<string, CachedGroup>,
    buffers: readonly PooledBuffer[],
  ) {
    this.raw = raw;
    this.#key = key;
    this.#cache = cache;
    this.#buffers = buffers;
    for (const buffer of buffers) buffer.dependents.add(this);
  }

  evict(): void {
    this.#cache.delete(this.#key);
    for (const buffer of this.#buffers) buffer.dependents.delete(this);
  }
}

function uniformBytes(scalars: number): number {
  return Math.ceil(scalars / 4) * 16;
}

async function describeFailure(name: string, code: string, module: GPUShaderModule, error: GPUError): Promise<string> {
  // A pipeline can be refused for a module that compiles: then only the scope knows why
  const info = await module.getCompilationInfo().catch(() => null);
  const messages = info?.messages.filter(({ type }) => type === "error")
    .map(({ lineNum, linePos, message }) => `line ${lineNum}:${linePos}: ${message.trim()}`) ?? [];
  const reason = messages.length > 0 ? messages.join("\n") : error.message.trim();
  return `Cannot launch kernel '${name}' as its WGSL does not compile: ${reason}\n\n${numberLines(code)}`;
}
