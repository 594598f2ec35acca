import { activate, activateGradient, Activation } from "../../kernels/activate/activate.ts";
import { NO_DROPOUT } from "../../kernels/_dropout.ts";
import { type Columns, columnsOf, type Tape, type Variable } from "./tape.ts";

/** What an activation takes besides its input. */
export interface ActivationOptions {
  /** Function of each element. Default identity. */
  readonly kind?: "identity" | "relu" | "gelu" | "elu" | "eluPlusOne" | "root";
  /** Probability of dropping an element after the function. Default 0. */
  readonly rate?: number;
  /** Added to the output. */
  readonly residual?: Variable;
  /** Where the output goes; by default to a variable of its own. */
  readonly into?: Columns;
}

/**
 * y = residual + dropout(f(x)), element by element.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { activation, Tape, Variable } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * using tape = new Tape(device, null);
 * const x = new Variable(tape.upload(new Float32Array([-1, 0, 1, 2]), [1, 4]));
 * const y = activation(tape, x, { kind: "relu" });
 * assertEquals([...await device.read(y.tensor)], [0, 0, 1, 2]);
 * ```
 *
 * @param tape The tape.
 * @param x The input, or some of its columns.
 * @param options Function, rate, residual, and where the output goes.
 * @returns The variable that holds the output.
 */
export function activation(
  tape: Tape,
  x: Variable | Columns,
  { kind = "identity", rate = 0, residual, into }: ActivationOptions = {},
): Variable {
  const { device } = tape;
  const input = columnsOf(x), rows = input.variable.tensor.shape[0];
  const output = into ?? columnsOf(tape.variable(rows, input.count));
  const scalars = {
    rows,
    inputStride: input.variable.tensor.stride / 4,
    inputOffset: input.first / 4,
    outputStride: output.variable.tensor.stride / 4,
    outputOffset: output.first / 4,
    quads: input.count / 4,
    kind: Activation[kind],
    ...tape.dropout(rate),
  };
  device.launch(activate, {
    input: input.variable.tensor,
    residual: residual?.tensor ?? null,
    output: output.variable.tensor,
  }, { ...scalars, added: residual ? 1 : 0 });
  tape.record(() => {
    const outputGradient = output.variable.gradient!;
    const { tensor, accumulate } = tape.gradientOf(input.variable, input.first);
    const bound = { input: kind === "identity" ? null : input.variable.tensor, outputGradient, inputGradient: tensor };
    device.launch(activateGradient, bound, { ...scalars, accumulate });
    if (residual) passOn(tape, output.variable, residual);
  });
  return output.variable;
}

/**
 * Hands the gradient of a sum to one of its terms: the tensor itself where the term has no gradient yet, as nothing reads
 * the sum's again.
 *
 * @param tape The tape.
 * @param sum The sum; its other terms have had its gradient.
 * @param term The term.
 */
export function passOn(tape: Tape, sum: Variable, term: Variable): void {
  if (term.gradient === null) {
    term.gradient = sum.gradient;
    term.written.add(0);
    return;
  }
  const { tensor } = tape.gradientOf(term);
  const [rows] = tensor.shape, quads = tensor.stride / 4;
  tape.device.launch(activateGradient, { input: null, outputGradient: sum.gradient!, inputGradient: tensor }, {
    rows,
    inputStride: quads,
    inputOffset: 0,
    outputStride: quads,
    outputOffset: 0,
    quads,
    kind: 0,
    ...NO_DROPOUT,
    accumulate: 1,
  });
}
