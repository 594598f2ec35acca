import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type Device, openDevice } from "@sevo/sevo";
import { type KernelCheck, kernelChecks } from "../../kernels/checks.ts";
import { webgpuAvailable } from "../_devices.ts";
import { testOnDevices } from "../_on_devices.ts";

/** The worst error over the cases, as far as the first that is noticed. */
async function worstOf({ cases }: KernelCheck, device: Device): Promise<number> {
  let worst = 0;
  for (const check of cases) {
    worst = Math.max(worst, (await check(device)).worst);
    if (worst > 1) break;
  }
  return worst;
}

testOnDevices("sabotage: every check notices work left undone", async (device) => {
  for (const check of kernelChecks) {
    const cut = check.changed({
      reshape: ({ items, grain, workgroups }) => ({ items: items - 1, grain, workgroups: workgroups - 1 }),
    });
    assert(await worstOf(cut, device) > 1, `${check.kernel} was cut short and passed`);
  }
});

/** Slips that a person makes in WGSL: what the source says, and what it is changed to. */
const slips: readonly (readonly [kernel: string, from: string, to: string])[] = [
  ["propagate", "if (params.keep != 0.0) { result += params.keep * output[at]; }", ""],
  ["propagate", "let end = rowOffsets[row + 1u];", "let end = max(rowOffsets[row + 1u], begin + 1u) - 1u;"],
  ["propagate", "row * min(panel, quads - first)", "row * panel"],
  ["propagate", "let stride = panel_place(1u", "let stride = panel_place(2u"],
  ["propagate", "columns[begin] >= params.sourceRows", "columns[begin] > params.sourceRows"],
  ["propagate", "atomicLoad(&status[0]) < params.turn", "atomicLoad(&status[0]) > params.turn"],
  ["propagate", "report_non_finite(result, 0u);", ""],
  ["adam", "report_non_finite(v, 1u);", ""],
  ["sgd", "report_non_finite(buffer, 1u);", ""],
  ["adam", "vec4u(0x7fffffffu)", "vec4u(0xffffffffu)"],
  ["adam", "if (idle && params.direct == 0u && params.refresh == 0u) { return; }", ""],
  ["adam", "atomicOr(&busy[group], 1u)", "atomicOr(&busy[0], 1u)"],
  ["adam", "let at = (params.firstRow + row)", "let at = (row)"],
  ["adam", "if (params.coupled == 0u) {", "if (params.coupled == 1u) {"],
  ["sgd", "g += params.momentum * buffer;", "g = buffer;"],
  ["sgd", "at < plan[row + 1u]", "at < max(plan[row + 1u], 1u) - 1u"],
  ["propagate", "neighbour *= scale * scale;", "neighbour *= scale;"],
  ["propagate", "own /= scale;", ""],
  ["adam", "scale = scales[params.firstRow + row];", "scale = scales[row];"],
  ["sgd", "g *= scales[params.firstRow + row];", ""],
  ["adam", "clipped *= bitcast<f32>(atomicLoad(&status[2]));", ""],
  ["sgd", "vec4f(-params.limit), vec4f(params.limit)", "vec4f(0.0), vec4f(params.limit)"],
  ["lion", "mean = params.beta1 * m", "mean = params.beta2 * m"],
  ["lion", "kept = params.beta2 * m + params.gain2 * g", "kept = params.beta1 * m + params.gain1 * g"],
  ["lion", "mean >= LEAST_NORMAL", "mean >= vec4f(0.0)"],
  ["lion", "mean <= -LEAST_NORMAL", "mean < LEAST_NORMAL"],
  ["lion", "keep * parameter[at]", "parameter[at]"],
  ["lion", "report_non_finite(kept, 1u);", ""],
  ["lion", "report_non_finite(moved, 1u);", ""],
  ["lion", "d *= scales[params.firstRow + row];", "d *= scales[row];"],
  ["adagrad", "g += params.weightDecay * parameter[at];", ""],
  ["adagrad", "moment2[at] + g * g", "moment2[at] + abs(g)"],
  ["adagrad", "sqrt(v)", "sqrt(moment2[at] + g * g)"],
  ["adagrad", "report_non_finite(v, 1u);", ""],
  ["adagrad", "d *= scales[params.firstRow + row];", ""],
  ["squaredNorm", "params.firstPartial + block", "block"],
  ["squaredNorm", "sum += dot(g, g);", "sum += dot(abs(g), vec4f(1.0));"],
  ["clipFactor", "factor = 0x7fc00000u;", ""],
  ["clipFactor", "params.clipNorm / sqrt(square)", "params.clipNorm / square"],
  ["scatterRows", "if (params.keep != 0.0) { result += params.keep * output[to]; }", ""],
  ["scatterRows", "panel_place(rows[place]", "panel_place(place"],
  ["appendColumn", "params.first + row", "row"],
  ["appendColumn", "if (params.given == 1u) {", "if (params.given == 0u) {"],
  ["appendColumn", "if (quad < params.quads) {", "if (quad <= params.quads) {"],
  ["blend", "var result = params.scale * input[index];", "var result = input[index];"],
  ["columnDots", "var group = 1u", "var group = 2u"],
  ["columnDots", "if (turns[0] < params.turn) { return; }", ""],
  ["columnMaxima", "& vec4u(0x7fffffffu)", ""],
  ["cgStart", "solution[at] = vec4f(0.0);", ""],
  ["cgStart", "let r = scale * input[at];", "let r = input[at];"],
  ["cgFinish", "unscale * (params.factor", "(params.factor"],
  ["cgFinish", "report_non_finite(result, 0u);", ""],
  ["cgScalars", "vec4u(254u) - inverse", "inverse"],
  ["cgScalars", "atomicStore(&turns[0], 1u)", "atomicStore(&turns[0], 0u)"],
  ["cgScalars", "params.turn + 1u", "params.turn"],
  ["cgScalars", "infinite & open", "infinite & !infinite"],
  ["cgScalars", "let moves = open & (sum != vec4f(0.0));", "let moves = open;"],
  ["cgScalars", "params.tolerance * params.tolerance", "params.tolerance"],
  ["cgStep", "residual[at] - alpha", "residual[at] + alpha"],
  ["cgDirection", "index % params.quads", "0u"],
  ["pairLoss", "/ f32(params.samples)", ""],
  ["pairLoss", "max(x, vec2f(0.0)) + log", "log"],
  ["pairLoss", "slopes.y * n - slopes.x * p", "slopes.x * n - slopes.x * p"],
  ["pairLoss", "params.firstGradient + sample", "sample"],
  ["wassersteinLoss", "params.pvn * max(", "max("],
  ["wassersteinLoss", "select(0.0, params.pvn, a > c)", "params.pvn"],
  ["wassersteinLoss", "select(c, vec4f(1.0), x > vec4f(0.0))", "1.0"],
  ["wassersteinLoss", "c > vec4f(LEAST)", "c > vec4f(0.0)"],
  ["gaussianRows", "max(c, vec4f(LEAST))", "max(c, vec4f(0.0))"],
  ["gaussianRows", "params.meanOffset + ", ""],
  ["gru", "if (step > 0u) {", "if (step > 1u) {"],
  ["gru", "live & !ends", "live"],
  ["gru", "if (whole) { hidden[lane] = next; }", ""],
  ["gru", "if (params.keep == 1u) {", "if (params.keep == 0u) {"],
  ["gruGradient", "if (step > 0u) {", "if (step > 1u) {"],
  ["gruGradient", "scatter_carry(segment * width + column, dh * z, live);", ""],
  ["gruGradient", "dn, dn * r, live", "dn, dn, live"],
  ["sum", "half > 0u", "half > 1u"],
  ["packPanels", "if (item < params.items)", "if (item <= params.items)"],
  ["rankTargets", "item < target_item", "item > target_item"],
  ["rankTargets", "from_column < params.width", "from_column + DEPTH <= params.width"],
  ["topItems", "item < other_item", "item > other_item"],
  ["topItems", "!is_excluded(first_query + q, item)", "true"],
  ["topItems", "key > worst[q] && comes_before(after_keys[q], after_items[q], key, item)", "key > worst[q]"],
  ["topItems", "is_nan(score) || score < LOWEST", "score < LOWEST"],
  ["topItems", "if (length > SORTED) {", "if (false) {"],
  ["topItems", "length + WORKGROUP_SIZE > capacity()", "length > capacity()"],
  ["topItems", "above + equal > params.count", "false"],
  ["topItems", "last_key, last_item, keys[i], items[i]", "last_key, 0u, keys[i], items[i]"],
  ["topItems", "keys[i] >= tried", "keys[i] > tried"],
  ["topItems", "let depth = min(DEPTH, params.width - from_column);", "let depth = min(DEPTH, params.width) / 2u;"],
  ["topItems", "== ((at & run) == 0u)", ""],
  ["topItems", "params.firstRow + ", ""],
  ["matmul", "if (transposed) { panel = transpose(panel); }", ""],
  ["matmul", "(rows / LOW_TILE)", "1u"],
  ["matmul", "tiles < ENOUGH_WORKGROUPS", "tiles <= ENOUGH_WORKGROUPS"],
  ["matmul", "addend[index]", "addend[row * params.cStride + quad]"],
  ["matmul", "row >= params.m || quad >= quads", "row >= params.m"],
  ["matmul", "activation(result) * dropout4(index, 0u)", "activation(result)"],
  ["matmulGradient", "min(CHUNK, end - first)", "CHUNK"],
  ["matmulGradient", "y_quad < y_quads && x_quad < x_quads", "y_quad < y_quads"],
  ["matmulGradient", "params.biased == 1u && ", ""],
  ["matmulGradient", "at < PARTS", "at < PARTS - 1u"],
  ["matmulGradient", "(params.m + params.slices - 1u) / params.slices", "params.m / params.slices"],
  ["matmulGradient", "depth < params.n", "true"],
  ["matmulGradient", "if (params.accumulate == 1u)", "if (true)"],
  ["embed", "row != NO_ROW", "row + 1u != NO_ROW"],
  ["embed", "params.positionsOffset + ", ""],
  ["embed", "dropout4(index, 0u)", "dropout4(token, 0u)"],
  ["embedGradient", "params.firstRow * params.quads", "params.firstRow"],
  ["embedGradient", "params.factor * d;", "d;"],
  ["activate", "index % params.quads", "index % params.outputStride"],
  ["activate", "words >= vec4u(params.threshold)", "words < vec4u(params.threshold)"],
  ["activate", "cross >> 16u", "cross >> 15u"],
  ["activate", "- 5.69250639462346e-5", "+ 5.69250639462346e-5"],
  ["activate", "select(e, x + 1.0, positive)", "x + 1.0"],
  ["activateGradient", "if (params.kind != 0u) {", "if (params.kind > 1u) {"],
  ["activateGradient", ", y >= vec4f(1e-24))", ", y >= vec4f(0.0))"],
  ["layerNorm", "let x = input[at + quad] - mean;", "let x = input[at + quad];"],
  ["layerNorm", "+ params.epsilon", ""],
  ["layerNormGradient", " - x * means.y", ""],
  ["layerNormGradient", "var group = 1u", "var group = 2u"],
  ["layerNormGradient", "params.partialOffset + ", ""],
  ["columnSums", "half > 0u", "half > 1u"],
  ["columnSums", "<= tile", "< tile"],
  ["columnSums", "if (plan[range + 3u] == 1u)", "if (true)"],
  ["columnSums", "at < plan[range + RANGE_WORDS + 4u]", "at <= plan[range + 4u]"],
  ["columnSums", "|| !owned", ""],
  ["attention", "key < end", "key <= end"],
  ["attention", "key >= begin && ", ""],
  ["attention", "if (offsets[middle] <= token)", "if (offsets[middle] < token)"],
  ["attention", "var sum = f32(pads);", "var sum = 0.0;"],
  ["attention", "sum *= shrink;", ""],
  ["attention", "result *= shrink;", ""],
  ["attention", "sum += weights[row * PITCH + c];", "sum += kept_weights[row * PITCH + c];"],
  ["attention", "quad * 4u < pads", "quad * 4u + 3u < pads"],
  ["attention", "places[row] = i32(pads) - i32(begin)", "places[row] = -i32(begin)"],
  ["attention", "token * params.heads + head);\n    let at", "token + head);\n    let at"],
  ["attentionGradient", "query >= token", "query > token"],
  ["attentionGradient", "f32(pads) * delta", "delta"],
  ["attentionGradient", "i32(pads_of(own_segment)) - i32(offsets[own_segment])", "-i32(offsets[own_segment])"],
  ["attentionGradient", "factor_of(column, first, row)", "factor_of(row, first, column)"],
  ["attentionGradient", "terms.z * terms.x", "terms.x"],
  ["attentionGradient", "params.padOffset + ", ""],
  ["attentionGradient", "probability * (slope - delta) * root", "probability * (slope - delta)"],
  ["gaussianAttention", "shrink * shrink", "shrink"],
  ["gaussianAttention", "if (params.attended != 0u) { output[at]", "{ output[at]"],
  ["gaussianAttention", "key <= token", "key < token"],
  ["gaussianAttention", "covariance_result / sum / sum", "covariance_result / sum"],
  ["gaussianAttention", "if (in_head) { a = deviation[here]; }", ""],
  ["gaussianAttentionGradient", "2.0 * probability * factor", "probability * factor"],
  ["gaussianAttentionGradient", "(factor * weight_slope - delta)", "(weight_slope - delta)"],
  ["gaussianAttentionGradient", "weight * weight * right", "weight * right"],
  ["gaussianAttentionGradient", "base + column >= token && ", ""],
  ["softmaxPartials", "if (item < last_item) {", "if (item <= last_item) {"],
  ["softmaxPartials", "let bias = parameters", "let bias = 0.0 * parameters"],
  ["softmaxPartials", "sums * exp(before - maxima)", "sums"],
  ["softmaxPartials", "half > 0u", "half > 1u"],
  ["softmaxNormaliser", " * exp(partials[at] - maximum)", ""],
  ["softmaxNormaliser", "labels[place]", "place"],
  ["softmaxNormaliser", "let place = params.firstToken + token;", "let place = token;"],
  ["softmaxGradient", "labels[params.firstToken + t]", "labels[params.firstToken + token]"],
  ["softmaxGradient", "params.share * exp", "exp"],
  ["softmaxGradient", "if (item > begin) { sums[r] += workspace[to]; }", ""],
  ["softmaxGradient", "if (params.firstToken + token > 0u) { sums[c] += tableGradient[to]; }", ""],
  ["softmaxGradient", "if (params.firstToken > 0u) { bias_sums[c] += gradient[to]; }", ""],
  ["softmaxGradient", "if (own[c] < last)", "if (own[c] <= last)"],
  ["sumChunks", "chunk < params.chunks", "chunk + 1u < params.chunks"],
  ["sumChunks", "hiddenGradient[params.firstToken * params.quads + index]", "hiddenGradient[index]"],
];

Deno.test("sabotage: there are slips for every kernel, and for nothing else", () => {
  const named = new Set(slips.map(([kernel]) => kernel));
  assertEquals([...named].toSorted(), kernelChecks.map(({ kernel }) => kernel).toSorted());
});

Deno.test({
  name: "sabotage: every slip in a kernel's WGSL is noticed [webgpu]",
  ignore: !webgpuAvailable,
  fn: async () => {
    await using device = await openDevice("webgpu");
    const passed: string[] = [];
    for (const [kernel, from, to] of slips) {
      const check = kernelChecks.find((other) => other.kernel === kernel)!;
      const wgsl = check.wgsl.replaceAll(from, to);
      assertNotEquals(wgsl, check.wgsl, `${kernel} has no '${from}' any more: change this test along with it`);
      if (!(await worstOf(check.changed({ wgsl }), device) > 1)) passed.push(`${kernel}: '${from}' as '${to}'`);
    }
    assertEquals(passed, []);
  },
});
