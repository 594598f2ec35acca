import { gru as kernel, gruGradient } from "../../kernels/gru/gru.ts";
import { matmulGradient } from "../../kernels/matmul/matmul.ts";
import { weightGradientPlace } from "./_weight_gradient.ts";
import type { ParameterTensors } from "./parameters.ts";
import type { Segments } from "./segments.ts";
import type { Tape, Variable } from "./tape.ts";

/**
 * The recurrence of a gated recurrent unit (Cho et al., 2014; PyTorch's gates and their order) over each segment, from a
 * state of zeros.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { gru, ParameterLayout, segmentsOf, Tape, Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const weight = { data: new Float32Array(12 * 4), shape: [12, 4] }, layout = new ParameterLayout({ weight });
 * const parameters = tape.upload(layout.pack({ weight }), [layout.rows, layout.columns]);
 * const gates = new Variable(tape.upload(new Float32Array(2 * 12), [2, 12]));
 * const segments = segmentsOf(tape, new Uint32Array([0, 2]));
 * const state = gru(tape, { parameters, gradient: null, layout }, gates, segments, "weight");
 * assertEquals([...await device.read(state.tensor)], [0, 0, 0, 0]); // nothing comes in, nothing comes out
 * ```
 *
 * @param tape The tape.
 * @param parameters The recurrent weight.
 * @param input The input's share of the gates r, z and n, side by side.
 * @param segments The segments, the longest first.
 * @param weight Name of the recurrent weight, `[3 hidden, hidden]`.
 * @returns The state after the last token of each segment.
 */
export function gru(
  tape: Tape,
  { parameters, gradient, layout }: ParameterTensors,
  input: Variable,
  { offsets, count, tokens }: Segments,
  weight: string,
): Variable {
  const { device } = tape;
  const hidden = input.tensor.stride / 3, quads = hidden / 4;
  const weightOffset = layout.offset(weight), keep = tape.training ? 1 : 0;
  const states = tape.empty([tokens, hidden]), gates = tape.training ? tape.empty([tokens, 4 * hidden]) : null;
  const last = tape.variable(count, hidden);
  device.launch(
    kernel,
    { input: input.tensor, parameters, offsets, states, gates, last: last.tensor },
    { segments: count, quads, weightOffset, keep },
  );
  if (!tape.training) return last;
  const sizes = { m: tokens, n: 3 * hidden, k: hidden };
  const place = weightGradientPlace(tape, gradient!, { ...sizes, weightOffset, biasOffset: null });
  tape.record(() => {
    const hiddenGradient = tape.empty([tokens, 3 * hidden]), scratch = tape.empty([count, hidden]);
    device.launch(gruGradient, {
      parameters,
      offsets,
      states,
      gates: gates!,
      lastGradient: last.gradient!,
      inputGradient: tape.gradientOf(input).tensor,
      hiddenGradient,
      scratch,
    }, { segments: count, quads, weightOffset });
    const bound = { y: hiddenGradient, x: states, weight: null, xGradient: null, gradient: place.tensor() };
    device.launch(matmulGradient, bound, {
      ...sizes,
      yOffset: 0,
      yStride: 3 * quads,
      xOffset: 0,
      xStride: quads,
      weightOffset,
      ...place.scalars,
      inward: 0,
      accumulate: 0,
    });
  });
  return last;
}
