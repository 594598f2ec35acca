import { columnSums, type SummedMatrix, type SummedRange, sumsPlan } from "../../kernels/column_sums/column_sums.ts";
import type { Device, Tensor } from "../device/device.ts";
import type { Shape } from "../device/shape.ts";

/** Memory that lives as long as a pass: that of its `Tape`. */
export interface PassMemory {
  /** The device. */
  readonly device: Device;
  /** Allocates a tensor with undefined elements. */
  empty(shape: Shape): Tensor<"f32">;
  /** Uploads a vector of indices. */
  upload(data: Uint32Array): Tensor<"u32">;
}

/** Quads of a gradient, counted from its first. */
export interface QuadRange {
  /** The first. */
  readonly offset: number;
  /** Their number. */
  readonly quads: number;
}

/** What becomes of a range. */
interface Part extends QuadRange {
  /** A matrix whose rows are added up there; or it is written by somebody else; or it is to be 0, whoever writes it. */
  readonly content: SummedMatrix | "written" | "zero";
}

/**
 * The gradient of parameters whose operations leave sums over a part of the rows of a batch: a launch at the end of a pass
 * adds all of them up. So a reduction over a batch is shared out among many workgroups, without a launch more for each.
 *
 * Operations announce what they leave while they run forward, and leave it while they run backward.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { PartialSums, Tape } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, { seed: 1, step: 1 });
 * using gradient = device.zeros("f32", [2, 4]);
 * const sums = new PartialSums(tape, gradient);
 * const rows = sums.reserve(3, 1); // three rows of a quad each, for the second quad of the gradient
 * sums.add({ offset: 1, quads: 1 }, rows);
 * device.write(sums.partials, new Float32Array([1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400]));
 * sums.finish();
 * assertEquals([...await device.read(gradient)], [0, 0, 0, 0, 111, 222, 333, 444]);
 * ```
 */
export class PartialSums {
  readonly #memory: PassMemory;
  readonly #gradient: Tensor<"f32">;
  readonly #parts: Part[] = [];
  #quads = 0;
  #partials: Tensor<"f32"> | null = null;

  /**
   * Begins with nothing to add up.
   *
   * @param memory Holds the parts.
   * @param gradient The gradient.
   */
  constructor(memory: PassMemory, gradient: Tensor<"f32">) {
    this.#memory = memory;
    this.#gradient = gradient;
  }

  /**
   * Makes room for a matrix of partial sums.
   *
   * @param rows Number of rows.
   * @param stride Quads of a row.
   * @returns Where it is in {@linkcode PartialSums.partials}.
   */
  reserve(rows: number, stride: number): SummedMatrix {
    if (this.#partials) {
      throw new Error("Cannot make room for partial sums as there are some already: announce them first");
    }
    const offset = this.#quads;
    this.#quads += rows * stride;
    return { offset, stride, rows };
  }

  /** All partial sums of the pass, once the first has been asked for. */
  get partials(): Tensor<"f32"> {
    return this.#partials ??= this.#memory.empty([Math.max(4, 4 * this.#quads)]);
  }

  /**
   * Has the rows of a matrix added up, along with what else is added there.
   *
   * @param range Where to.
   * @param matrix The matrix, or some columns of it: {@linkcode PartialSums.reserve} has said where it is.
   */
  add(range: QuadRange, matrix: SummedMatrix): void {
    this.#parts.push({ ...range, content: matrix });
  }

  /**
   * Leaves ranges to an operation that writes them itself, before anything is added to them.
   *
   * @param ranges The ranges.
   * @returns Whether nobody else writes there. If somebody does, nothing has changed.
   */
  take(...ranges: readonly QuadRange[]): boolean {
    if (this.#parts.some((part) => part.content !== "zero" && ranges.some((range) => overlap(part, range)))) {
      return false;
    }
    for (const range of ranges) this.#parts.push({ ...range, content: "written" });
    return true;
  }

  /**
   * Has a range be 0, whatever is added or written there.
   *
   * @param range The range.
   */
  clear(range: QuadRange): void {
    this.#parts.push({ ...range, content: "zero" });
  }

  /** Adds all up. */
  finish(): void {
    const ranges = rangesOf(this.#parts);
    if (ranges.length === 0) return;
    const { words, scalars } = sumsPlan(ranges), input = this.#quads > 0 ? this.partials : null;
    const bound = { input, plan: this.#memory.upload(words), output: this.#gradient };
    this.#memory.device.launch(columnSums, bound, scalars);
  }
}

function overlap(a: QuadRange, b: QuadRange): boolean {
  return a.offset < b.offset + b.quads && b.offset < a.offset + a.quads;
}

/** Cuts ranges where one of them begins or ends, so that they do not overlap, and leaves out what is written already. */
function rangesOf(parts: readonly Part[]): SummedRange[] {
  const cuts = [...new Set(parts.flatMap(({ offset, quads }) => [offset, offset + quads]))].toSorted((a, b) => a - b);
  const ranges: SummedRange[] = [];
  for (let at = 0; at + 1 < cuts.length; at++) {
    const range = { offset: cuts[at]!, quads: cuts[at + 1]! - cuts[at]! };
    const own = parts.filter((part) => overlap(part, range)), zero = own.some(({ content }) => content === "zero");
    const matrices = own.flatMap(({ offset, content }) =>
      typeof content === "string" ? [] : [{ ...content, offset: content.offset + range.offset - offset }]
    );
    if (zero) ranges.push({ ...range, accumulate: false, matrices: [] });
    else if (matrices.length > 0) {
      ranges.push({ ...range, accumulate: own.some(({ content }) => content === "written"), matrices });
    }
  }
  return ranges;
}
