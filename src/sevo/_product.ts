import { Entries, itemCuts, propagate } from "../../kernels/propagate/propagate.ts";
import type { Tensor } from "../device/device.ts";
import type { DeviceCsr, DeviceGraph } from "../graph/_device_graph.ts";

/** Scalars of one product: its layout, when it is done and what it reports, and its factors. */
export interface ProductScalars {
  /** Quads of a panel of what is read. */
  readonly panel: number;
  /** Quads of a panel of what is written. */
  readonly outputPanel: number;
  /** Where entries have no values: whether the result is to be as scaled as what is read, or comes out of it. */
  readonly scaling: "within" | "out";
  /** Turn in an iteration that it is part of, or 0. */
  readonly turn: number;
  /** Step to report a result that is not finite with, or 0. */
  readonly step: number;
  /** Factor of the output. */
  readonly keep: number;
  /** Factor of the product. */
  readonly neighbour: number;
  /** Factor of the addend. */
  readonly own: number;
}

/** Tensors of one product. */
export interface ProductTensors {
  /** What the graph is multiplied with. */
  readonly source: Tensor<"f32">;
  /** What is added; null where its factor is 0. */
  readonly addend: Tensor<"f32"> | null;
  /** Where the result goes. */
  readonly output: Tensor<"f32">;
  /** Where a turn is looked up, or a step reported; null where both are 0. */
  readonly status: Tensor<"u32"> | null;
}

/**
 * Launches output = keep * output + neighbour * A source + own * addend: the rows of hubs in pieces first, where there are
 * any.
 *
 * @param graph The graph A on the device of the tensors.
 * @param partials Memory for the pieces; null where there is no hub.
 * @param tensors What is read and written.
 * @param scalars Layout, turn, report and factors: see the kernel.
 */
export function product(
  { main, partial, scales }: DeviceGraph,
  partials: Tensor<"f32"> | null,
  tensors: ProductTensors,
  { scaling, ...scalars }: ProductScalars,
): void {
  if (partial) {
    const entries = partial.values ? Entries.weighted : Entries.ones;
    const pieces = { ...tensors, values: partial.values, partials: null, addend: null, output: partials! };
    const sums = { entries, outputPanel: tensors.source.stride / 4, step: 0, keep: 0, neighbour: 1, own: 0 };
    launchProduct(partial, main.rows, pieces, { ...scalars, ...sums });
  }
  const entries = scales ? Entries[scaling] : Entries.weighted;
  launchProduct(main, main.rows, { ...tensors, values: scales ?? main.values, partials }, { ...scalars, entries });
}

function launchProduct(
  { rows, rowOffsets, columns, cuts }: DeviceCsr,
  sourceRows: number,
  tensors: ProductTensors & { readonly values: Tensor<"f32"> | null; readonly partials: Tensor<"f32"> | null },
  scalars: Omit<ProductScalars, "scaling"> & { readonly entries: number },
): void {
  const quads = tensors.source.stride / 4;
  tensors.source.device.launch(
    propagate,
    { rowOffsets, columns, ...tensors },
    { rows, sourceRows, quads, ...scalars },
    { cuts: itemCuts(cuts, Math.ceil(quads / scalars.panel)) },
  );
}
