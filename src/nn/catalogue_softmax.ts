import type { Device } from "../device/device.ts";
import type { Tensor } from "../device/tensor.ts";
// deno-lint-ignore-file
export function catalogueSoftmax(
  _device: Device,
  _options: {
    hidden: Tensor<"f32">;
    table: Tensor<"f32">;
    parameters: Tensor<"f32">;
    biasOffset: number;
    labels: Tensor<"u32">;
    losses: Tensor<"f32">;
    hiddenGradient: Tensor<"f32">;
    tableGradient: Tensor<"f32">;
    gradient: Tensor<"f32">;
  },
): void {
  throw new Error("not yet");
}
