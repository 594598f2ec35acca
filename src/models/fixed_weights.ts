import type { Device, RowRange, Tensor } from "../device/device.ts";
import { type ModelWeights, ParameterLayout } from "../nn/parameters.ts";
import type { NetworkWeights } from "./network.ts";

/** The weights of a trained model on a device: each once, with no moments and no gradients. */
export class FixedWeights implements NetworkWeights, Disposable {
  /** The device. */
  readonly device: Device;
  /** Where parameters lie in {@linkcode FixedWeights.parameters}. */
  readonly layout: ParameterLayout;
  /** The flat table of parameters. */
  readonly parameters: Tensor<"f32">;
  /** Nothing is trained. */
  readonly gradient = null;
  readonly #tables = new Map<string, RowRange>();

  /**
   * Copies weights to a device.
   *
   * @param device The device.
   * @param weights The weights; not kept.
   * @param tables Names of those that are embedding tables; all others are parameters.
   */
  constructor(device: Device, weights: ModelWeights, tables: readonly string[]) {
    this.device = device;
    using uploaded = new DisposableStack();
    const parameters: Record<string, ModelWeights[string]> = {};
    for (const [name, weight] of Object.entries(weights)) {
      if (!tables.includes(name)) parameters[name] = weight;
      else {
        const [rows, columns] = weight.shape as [number, number];
        const tensor = uploaded.use(device.upload(weight.data, [rows, columns]));
        this.#tables.set(name, { tensor, firstRow: 0, rows });
      }
    }
    this.layout = new ParameterLayout(parameters);
    const { rows, columns } = this.layout;
    this.parameters = rows > 0
      ? device.upload(this.layout.pack(parameters), [rows, columns])
      : device.zeros("f32", [0, columns]);
    uploaded.move();
  }

  /**
   * Where an embedding table lies.
   *
   * @param name Its name.
   * @returns Its matrix, all rows of it.
   */
  table(name: string): RowRange {
    return this.#tables.get(name)!;
  }

  /** Gives the memory of the weights back. */
  [Symbol.dispose](): void {
    this.parameters.dispose();
    for (const { tensor } of this.#tables.values()) tensor.dispose();
  }
}
