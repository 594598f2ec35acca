import { type Device, Tensor } from "../device.ts";
import type { DType, Shape } from "../shape.ts";
import type { PooledBuffer } from "./_buffer_pool.ts";

/** A tensor in a pooled buffer of a WebGPU device. */
export class GpuTensor<D extends DType = DType> extends Tensor<D> {
  override readonly device: Device;
  /** Its buffer, which a host write may exchange for another; `null` once disposed. */
  memory: PooledBuffer | null;
  readonly #release: (tensor: GpuTensor, memory: PooledBuffer) => void;

  /**
   * @param device The device that holds the elements.
   * @param dtype Element type.
   * @param shape `[length]` or `[rows, columns]`.
   * @param memory Its buffer.
   * @param release Called with the buffer when it is given back.
   */
  constructor(
    device: Device,
    dtype: D,
    shape: Shape,
    memory: PooledBuffer,
    release: (tensor: GpuTensor, memory: PooledBuffer) => void,
  ) {
    super(dtype, shape);
    this.device = device;
    this.memory = memory;
    this.#release = release;
  }

  /** Bytes of its elements, padding included. */
  get bytes(): number {
    return this.size * 4;
  }

  override get disposed(): boolean {
    return this.memory === null;
  }

  override dispose(): void {
    const memory = this.memory;
    if (memory === null) return;
    this.memory = null;
    this.#release(this, memory);
  }
}
