import {
  BLOCK,
  chunkItemsOf,
  paddedTokens,
  partLength,
  softmaxGradient,
  softmaxNormaliser,
  softmaxPartials,
  sumChunks,
  tilesLength,
} from "../../kernels/catalogue_softmax/catalogue_softmax.ts";
import type { Device, Tensor } from "../device/device.ts";

/**
 * Most chunks that the items are cut into, each with a gradient of the hidden rows of its own: enough to share out among
 * the threads of a processor, and among the multiprocessors of a GPU.
 */
const CHUNKS = { cpu: 32, webgpu: 128 } as const;

/** Bytes of the exponentials that the cpu device keeps at a time: about half of a third-level cache. */
const KEPT_BYTES = 2 ** 24;

/** Tensors of {@linkcode catalogueSoftmax}. */
export interface CatalogueSoftmaxTensors {
  /** A row for each token: tokens x dimension. */
  readonly hidden: Tensor<"f32">;
  /** A row for each item: items x dimension. */
  readonly table: Tensor<"f32">;
  /** The flat parameters, with the biases of the items from quad `biasOffset` on. */
  readonly parameters: Tensor<"f32">;
  /** Where the biases begin in `parameters` and `gradient`, in quads. */
  readonly biasOffset: number;
  /** The item that each token is to predict, in [0, items). */
  readonly labels: Tensor<"u32">;
  /** Written: the loss of each token. */
  readonly losses: Tensor<"f32">;
  /** Written: the log-sum-exp of the logits of each token. Where it is omitted, it is not kept. */
  readonly normaliser?: Tensor<"f32">;
  /** Written: the gradient of the mean loss by `hidden`, tokens x dimension. */
  readonly hiddenGradient: Tensor<"f32">;
  /** Written: that by `table`, items x dimension. */
  readonly tableGradient: Tensor<"f32">;
  /** That by the biases is written to their place in these flat gradients; the rest is left as it is. */
  readonly gradient: Tensor<"f32">;
}

/**
 * Softmax cross-entropy of each token over the whole catalogue, and the gradient of the mean over the tokens. The logit of
 * item j for token i is hidden_i . table_j + bias_j. There is never a matrix of tokens x items: besides its outputs this takes
 * memory for at most 32 (`cpu`) or 128 (`webgpu`) matrices like `hidden`, and on `cpu` for 16 MiB of exponentials, or those
 * of 64 tokens if these are more.
 *
 * @param device The device.
 * @param tensors Inputs, and outputs to fill.
 * @throws {TypeError} If the shapes do not fit each other.
 * @throws {RangeError} If there is no token or no item, or the biases reach past the end of the parameters.
 *
 * @example Usage
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { openDevice } from "@sevo/sevo";
 * import { catalogueSoftmax } from "./catalogue_softmax.ts";
 *
 * await using device = await openDevice("cpu");
 * const [tokens, items, dimension] = [2, 3, 4];
 * const losses = device.empty("f32", [tokens]);
 * catalogueSoftmax(device, {
 *   hidden: device.zeros("f32", [tokens, dimension]),
 *   table: device.zeros("f32", [items, dimension]),
 *   parameters: device.zeros("f32", [4]),
 *   biasOffset: 0,
 *   labels: device.upload(Uint32Array.of(2, 0)),
 *   losses,
 *   hiddenGradient: device.empty("f32", [tokens, dimension]),
 *   tableGradient: device.empty("f32", [items, dimension]),
 *   gradient: device.zeros("f32", [4]),
 * });
 * assertAlmostEquals((await device.read(losses))[0]!, Math.log(3), 1e-6);
 * ```
 */
export function catalogueSoftmax(device: Device, tensors: CatalogueSoftmaxTensors): void {
  checkTensors(tensors);
  const { hidden, table, parameters, biasOffset, labels, losses, hiddenGradient, tableGradient, gradient } = tensors;
  const tokens = hidden.shape[0], items = table.shape[0], quads = hidden.stride / 4;
  const chunkItems = chunkItemsOf(items, CHUNKS[device.kind]), chunks = Math.ceil(items / chunkItems);
  const most = tokensAtATime(device, items, tokens);
  device.batch(() => {
    using own = tensors.normaliser === undefined ? device.empty("f32", [tokens]) : null;
    const tiles = device.kind === "cpu" ? tilesLength(most, quads, chunkItems) : 0;
    using workspace = device.empty("f32", [chunks * (partLength(most, quads) + tiles)]);
    using partials = device.empty("f32", [2 * chunks * paddedTokens(most)]);
    const rows = { hidden, table, parameters }, normaliser = own ?? tensors.normaliser!;
    for (let firstToken = 0; firstToken < tokens; firstToken += most) {
      const some = { firstToken, tokens: Math.min(most, tokens - firstToken), quads };
      const sizes = { ...some, items, chunkItems, biasOffset }, share = 1 / tokens;
      device.launch(softmaxPartials, { ...rows, workspace, partials }, sizes);
      device.launch(softmaxNormaliser, { ...rows, labels, partials, normaliser, losses }, {
        ...some,
        chunks,
        biasOffset,
      });
      device.launch(softmaxGradient, { ...rows, labels, normaliser, workspace, tableGradient, gradient }, {
        ...sizes,
        share,
      });
      device.launch(sumChunks, { workspace, hiddenGradient }, { ...some, chunks });
    }
  });
}

/** Tokens of a launch: on the cpu device those whose exponentials it keeps in the cache. */
function tokensAtATime(device: Device, items: number, tokens: number): number {
  if (device.kind === "webgpu") return tokens;
  return Math.min(tokens, Math.max(1, Math.floor(KEPT_BYTES / (4 * items * BLOCK))) * BLOCK);
}

function checkTensors(tensors: CatalogueSoftmaxTensors): void {
  const { hidden, table, parameters, gradient, biasOffset, labels } = tensors;
  const [tokens, columns] = hidden.shape, [items] = table.shape;
  if (tokens === 0 || items === 0) {
    throw new RangeError(
      `Cannot take the softmax over the catalogue as there must be a token and an item: current shapes of 'hidden' and ` +
        `'table' are [${hidden.shape.join(", ")}] and [${table.shape.join(", ")}]`,
    );
  }
  const expect = (name: keyof CatalogueSoftmaxTensors, tensor: Tensor | undefined, expected: readonly unknown[]) => {
    const shape = tensor?.shape.join(", ");
    if (shape === undefined || shape === expected.join(", ")) return;
    throw new TypeError(
      `Cannot take the softmax over the catalogue as '${name}' has shape [${shape}]: expected [${expected.join(", ")}]`,
    );
  };
  expect("hidden", hidden, [tokens, columns ?? "dimension"]);
  expect("table", table, [items, columns]);
  expect("hiddenGradient", tensors.hiddenGradient, [tokens, columns]);
  expect("tableGradient", tensors.tableGradient, [items, columns]);
  expect("labels", labels, [tokens]);
  expect("losses", tensors.losses, [tokens]);
  expect("normaliser", tensors.normaliser, [tokens]);
  const end = 4 * biasOffset + items, length = Math.min(parameters.size, gradient.size);
  if (!Number.isInteger(biasOffset) || biasOffset < 0 || end > length) {
    throw new RangeError(
      `Cannot take the softmax over the catalogue as ${items} biases from quad ${biasOffset} on do not lie within ` +
        `'parameters' and 'gradient': current length is ${length}`,
    );
  }
}
