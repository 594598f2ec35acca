import fc from "../_fast_check.ts";
import { Draws } from "../../kernels/_check.ts";
import { drawDropout } from "../../kernels/_dropout_check.ts";
import { checkEmbed, checkEmbedGradient, type EmbedCase } from "../../kernels/embed/check.ts";
import { embedGradientOracle, embedOracle } from "../../kernels/embed/oracle.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, seed } from "./_assert_checks.ts";
import { assertCentralDifferences } from "./_central_differences.ts";

const cases: fc.Arbitrary<EmbedCase> = fc.record({
  seed,
  tokens: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 200, max: 300 })),
  quads: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(16, 33)),
  rows: fc.integer({ min: 1, max: 50 }),
  positions: fc.constantFrom(0, 0, 1, 50),
  gap: fc.integer({ min: 0, max: 5 }),
  factor: fc.constantFrom(1, 8, Math.SQRT1_2),
  dropout: fc.constantFrom(0, 0, 0.1, 0.5, 0.99),
});

testOnDevices("embed: random batches", async (device) => {
  await assertChecks(cases, (options) => checkEmbed(device, options));
});

testOnDevices("embed: gradients of random batches", async (device) => {
  await assertChecks(cases, (options) => checkEmbedGradient(device, options));
});

Deno.test("embed: the gradients are those of central differences", () => {
  const draws = new Draws(5), tokens = 7, quads = 2, width = 4 * quads, factor = 3;
  const dropout = drawDropout(draws, 0.3);
  // A row for each token, so that nothing is left to sum
  const ids = Uint32Array.of(3, 1, 6, 0, 2, 5, 4), positionIds = Uint32Array.of(0, 1, 2, 3, 4, 5, 6);
  const table = draws.matrix(tokens, width), positions = draws.matrix(tokens, width);
  const outputGradient = draws.matrix(tokens, width);
  const { tableRows, positionRows } = embedGradientOracle({
    outputGradient,
    tableRows: new Float64Array(tokens * width),
    positionRows: new Float64Array(tokens * width),
    tokens,
    quads,
    firstRow: 0,
    factor,
    dropout,
  });
  const forward = (table: ArrayLike<number>, positions: ArrayLike<number>) =>
    embedOracle({ table, ids, positions, positionIds, positionsOffset: 0, quads, factor, dropout }).values;
  const tableGradient = new Float64Array(tokens * width);
  ids.forEach((id, token) => {
    tableGradient.set(tableRows.values.subarray(token * width, (token + 1) * width), id * width);
  });
  assertCentralDifferences((changed) => forward(changed, positions), table, outputGradient, tableGradient);
  assertCentralDifferences((changed) => forward(table, changed), positions, outputGradient, positionRows!.values);
});
