import { checkOptions, shown } from "../options.ts";
import type { Bound, Device, LaunchOptions, Tensor } from "./device.ts";
import type { Binding, Kernel } from "./kernel.ts";
import { type DType, paddedWidth, type Shape } from "./shape.ts";

/**
 * Stored elements of a shape, row padding included.
 *
 * @param shape A shape.
 * @returns The number of elements.
 * @throws {RangeError} If a length is not a non-negative integer.
 */
export function elementCount(shape: Shape): number {
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new RangeError(
      `Cannot make a tensor as lengths must be non-negative integers: current value is [${shape.join(", ")}]`,
    );
  }
  return shape.length === 2 ? shape[0] * paddedWidth(shape[1]) : shape[0];
}

/**
 * Checks the tensors of a launch against the kernel's contract: present where a device needs them, of this device,
 * alive, of the right type, and no written one bound twice.
 *
 * @param device The device of the launch.
 * @param kernel The contract.
 * @param tensors The tensors.
 * @throws {TypeError} If they do not fit.
 * @throws {ReferenceError} If one was disposed.
 */
export function checkBindings<Bindings extends string>(
  device: Device,
  kernel: Kernel<Bindings, string>,
  tensors: Bound<Bindings>,
): void {
  for (const name in kernel.bindings) {
    const tensor: Tensor | null = tensors[name];
    if (tensor === null) continue;
    const { type, access }: Binding = kernel.bindings[name];
    if (tensor.device !== device) {
      throw new TypeError(`Cannot launch kernel '${kernel.name}' as '${name}' belongs to another device`);
    }
    if (tensor.disposed) throw new ReferenceError(`Cannot launch kernel '${kernel.name}' as '${name}' was disposed`);
    const dtype = type === "u32" || type === "atomic<u32>" ? "u32" : "f32";
    if (tensor.dtype !== dtype) {
      throw new TypeError(
        `Cannot launch kernel '${kernel.name}' as '${name}' must hold ${dtype}: current value is ${tensor.dtype}`,
      );
    }
    if (access === "read") continue;
    for (const other in kernel.bindings) {
      if (other !== name && tensors[other] === tensor) {
        throw new TypeError(
          `Cannot launch kernel '${kernel.name}' as it writes '${name}', which is also bound as '${other}'`,
        );
      }
    }
  }
}

const LAUNCH_OPTIONS: readonly (keyof LaunchOptions)[] = ["cuts"];

/**
 * Checks the options of a launch.
 *
 * @param kernel Name of the kernel.
 * @param options The options.
 * @throws {TypeError} If one is unknown or of another type.
 */
export function checkLaunchOptions(kernel: string, options: LaunchOptions | undefined): void {
  if (options === undefined) return;
  checkOptions(`Cannot launch kernel '${kernel}'`, options, LAUNCH_OPTIONS);
  const { cuts } = options;
  if (cuts === undefined || cuts instanceof Uint32Array) return;
  throw new TypeError(
    `Cannot launch kernel '${kernel}' as cuts must be a Uint32Array: current value is ${shown(cuts)}`,
  );
}

/**
 * Checks that an array has an element for each of a shape.
 *
 * @param data The array.
 * @param shape The shape.
 * @param action What is being done, for the message.
 * @throws {TypeError} If it does not.
 */
export function checkLength(data: Float32Array | Uint32Array, shape: Shape, action: string): void {
  const expected = shape.length === 2 ? shape[0] * shape[1] : shape[0];
  if (data.length !== expected) {
    throw new TypeError(
      `Cannot ${action} as shape [${shape.join(", ")}] has ${expected} elements: data has ${data.length}`,
    );
  }
}

/**
 * The element type that an array holds.
 *
 * @param data The array.
 * @param action What is being done, for the message.
 * @returns Its element type.
 * @throws {TypeError} If it is neither a Float32Array nor a Uint32Array.
 */
export function dtypeOf(data: unknown, action: string): DType {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Uint32Array) return "u32";
  const type = (data as { constructor?: { name?: string } } | null | undefined)?.constructor?.name ?? String(data);
  throw new TypeError(`Cannot ${action} as data is neither a Float32Array nor a Uint32Array: ${type}`);
}
