import type { Device } from "../../src/device/device.ts";
import { type CheckResult, Comparison, Draws, poison, Tensors } from "../_check.ts";
import { drawDropout } from "../_dropout_check.ts";
import { embed, embedGradient, NO_ROW } from "./embed.ts";
import { embedGradientOracle, embedOracle } from "./oracle.ts";

/** Sizes and options of a check of `embed` or `embedGradient`. */
export interface EmbedCase {
  readonly seed: number;
  readonly tokens: number;
  readonly quads: number;
  readonly rows: number;
  /** Number of positions; 0 for none. */
  readonly positions: number;
  /** Quads before the table of positions, and rows before those of the gradient. */
  readonly gap: number;
  readonly factor: number;
  /** Share of the elements that are dropped. */
  readonly dropout: number;
}

/** Cases of the self-check. */
export const embedCases: readonly EmbedCase[] = [
  { seed: 1, tokens: 1, quads: 1, rows: 1, positions: 0, gap: 0, factor: 1, dropout: 0 },
  { seed: 2, tokens: 500, quads: 16, rows: 90, positions: 50, gap: 3, factor: 8, dropout: 0.2 },
  { seed: 3, tokens: 41, quads: 11, rows: 7, positions: 0, gap: 1, factor: 0.5, dropout: 0.5 },
  { seed: 4, tokens: 30, quads: 70, rows: 200, positions: 9, gap: 0, factor: 1, dropout: 0 },
];

/** Rows of gradients behind those of the launch, which the kernel must leave alone. */
const ROWS_BEHIND = 2;

/**
 * Checks `embed` against its oracle, with a token in every nine that has no row.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkEmbed(device: Device, options: EmbedCase, kernel = embed): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { tokens, quads, rows, gap } = options, width = 4 * quads, factor = Math.fround(options.factor);
  const positioned = options.positions > 0;
  const table = draws.matrix(rows, width);
  const ids = Uint32Array.from({ length: tokens }, (_, token) => token % 9 === 4 ? NO_ROW : draws.integer(rows));
  const positionIds = positioned ? Uint32Array.from(ids, () => draws.integer(options.positions)) : null;
  const positions = positioned ? poison(4 * gap + options.positions * width) : null;
  positions?.set(draws.matrix(options.positions, width), 4 * gap);
  const dropout = drawDropout(draws, options.dropout);

  using tensors = new Tensors(device);
  const output = tensors.floats(poison(tokens * width), [tokens, width]);
  device.launch(kernel, {
    table: tensors.floats(table, [rows, width]),
    ids: tensors.integers(ids),
    positions: positions && tensors.floats(positions),
    positionIds: positionIds && tensors.integers(positionIds),
    output,
  }, { tokens, quads, positioned: Number(positioned), positionsOffset: gap, factor, ...dropout });
  const expected = embedOracle({ table, ids, positions, positionIds, positionsOffset: gap, quads, factor, dropout });
  const comparison = new Comparison();
  comparison.floats("output", await device.read(output), expected);
  return comparison.result(kernel.name, options);
}

/**
 * Checks `embedGradient` against its oracle.
 *
 * @param device The device.
 * @param options Sizes and options.
 * @param kernel The kernel, or one to try in its place.
 * @returns The outcome.
 */
export async function checkEmbedGradient(
  device: Device,
  options: EmbedCase,
  kernel = embedGradient,
): Promise<CheckResult> {
  const draws = new Draws(options.seed);
  const { tokens, quads, gap: firstRow } = options, width = 4 * quads, factor = Math.fround(options.factor);
  const positioned = options.positions > 0, stored = tokens + ROWS_BEHIND;
  const outputGradient = draws.matrix(tokens, width), dropout = drawDropout(draws, options.dropout);
  const before = {
    tableRows: poison((firstRow + stored) * width),
    positionRows: positioned ? poison(stored * width) : null,
  };

  using tensors = new Tensors(device);
  const tableRows = tensors.floats(before.tableRows, [firstRow + stored, width]);
  const positionRows = before.positionRows && tensors.floats(before.positionRows, [stored, width]);
  device.launch(
    kernel,
    { outputGradient: tensors.floats(outputGradient, [tokens, width]), tableRows, positionRows },
    { tokens, quads, firstRow, positioned: Number(positioned), factor, ...dropout },
  );
  const expected = embedGradientOracle({ outputGradient, ...before, tokens, quads, firstRow, factor, dropout });
  const comparison = new Comparison();
  comparison.floats("tableRows", await device.read(tableRows), expected.tableRows);
  if (positionRows) comparison.floats("positionRows", await device.read(positionRows), expected.positionRows!);
  return comparison.result(kernel.name, options);
}
