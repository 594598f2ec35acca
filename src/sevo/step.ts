import { adam } from "../../kernels/adam/adam.ts";
import { sgd } from "../../kernels/sgd/sgd.ts";
import type { DeviceGraph } from "../graph/_device_graph.ts";
import type { Graph } from "../graph/graph.ts";
import { checkOptions, checkType } from "../options.ts";
import { bindGradient, type BoundGradient, checkGradient, type Gradient } from "./gradient.ts";
import { checkLearningRate } from "./options.ts";
import { graphOn, isIdentity, makeScratch, panelOf, smooth } from "./propagation.ts";
import { copyTensors, disposeTensors, SevoState, type StateTensors } from "./state.ts";
import { MOST_STEPS } from "./state_file.ts";

/** Options of a single {@linkcode sevoStep}. */
export interface StepOptions {
  /** Whether the step may take the memory of the old state. Default true. */
  readonly donate?: boolean;
  /** Step size of this step, for a schedule. By default that of the state. */
  readonly learningRate?: number;
}

const STEP_OPTIONS: readonly (keyof StepOptions)[] = ["donate", "learningRate"];

/**
 * One step: moments and direction from the gradients, the direction smoothed over the graph, the tables moved. On the
 * device that is one launch for each table and one for each layer, the last of which moves the tables (two for each
 * layer where the graph has a row of more than 512 entries).
 *
 * Equations (SEvo, NeurIPS 2024, Algorithms 1 to 3): E <- E - r psi(D) with D the bias-corrected Adam direction (adam:
 * coupled decay; adamw: E <- (1 - r w) E first, and rows whose gradient is 0 keep their corrected moments) or SGD's.
 *
 * A gradient that is not finite, one so large that moments or tables leave float32, or `exact` propagation that does not
 * converge, is reported by the next {@linkcode SevoState.read}, `save` or `check`.
 *
 * @example
 * ```ts
 * import { Graph, openDevice, sevoInit, sevoStep } from "@sevo/sevo";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const graph = Graph.fromEdges({ rows: 2, sources: [0], targets: [1] });
 * let state = sevoInit(device, { item: { data: new Float32Array(2), shape: [2, 1] } }, {
 *   rule: "sgd",
 *   learningRate: 1,
 *   propagation: { mode: "iterative", beta: 0.25, layers: 1 },
 * });
 * state = sevoStep(state, { item: { rows: new Uint32Array([0]), values: new Float32Array([-1]) } }, graph);
 * assertEquals([...(await state.read()).item], [0.75, 0.25]); // row 1 moved along with row 0
 * ```
 *
 * @typeParam Names Names of the tables.
 * @param state The state; taken unless `donate` is false.
 * @param gradients A gradient for each table.
 * @param graph The graph over the stacked rows; none with `propagation: null`.
 * @param stepOptions Donation, and a learning rate for this step.
 * @returns The next state.
 * @throws {StateTakenError} If the state was taken before.
 * @throws {TypeError} If a gradient is missing or has another shape, the graph is missing or not wanted, or an option is
 * unknown or of another type.
 * @throws {RangeError} If a gradient names a row that is not there, the graph has another number of rows, the learning
 * rate is out of range, or the device has no memory for the step, which then leaves the state usable and keeps nothing.
 * @throws {ReferenceError} If a tensor of a gradient was disposed.
 */
export function sevoStep<Names extends string>(
  state: SevoState<Names>,
  gradients: { readonly [Name in Names]: Gradient },
  graph: Graph | null = null,
  stepOptions: StepOptions = {},
): SevoState<Names> {
  const { device, options, names } = state;
  checkOptions("Cannot use these options", stepOptions, STEP_OPTIONS);
  const { donate = true, learningRate = options.learningRate } = stepOptions;
  checkType("Cannot use these options", "donate", donate, "boolean");
  checkLearningRate(learningRate, options.rule === "adamw" ? options.weightDecay : 0);
  checkGradients(state, gradients);
  checkGraph(state, graph);

  const step = state.step + 1;
  if (step > MOST_STEPS) throw new RangeError(`Cannot step as a state takes at most ${MOST_STEPS} steps`);
  return device.batch(() => {
    const { propagation } = options;
    const smoothing = propagation && !isIdentity(propagation)
      ? { propagation, graph: graphOn(device, graph!, propagation) }
      : null;
    // All memory is found before the state is taken, so that a step that finds none leaves it usable.
    using owned = new DisposableStack();
    const bounds = names.map((name) => bindGradient(device, gradients[name], state.shapes[name], owned));
    const scratch = smoothing &&
      owned.use(makeScratch(smoothing.graph, smoothing.propagation, state.tensors.direction!));
    const tensors = donate ? state.take() : copyTensors(device, state.tensors);
    using made = new DisposableStack();
    made.adopt(tensors, disposeTensors);
    let firstRow = 0;
    names.forEach((name, at) => {
      const rows = state.shapes[name][0];
      launchRule(state, tensors, at, bounds[at]!, { rows, firstRow, step, learningRate }, smoothing?.graph ?? null);
      firstRow += rows;
    });
    if (smoothing) {
      const keep = options.rule === "adamw" ? 1 - learningRate * options.weightDecay : 1;
      smooth(
        smoothing.graph,
        smoothing.propagation,
        tensors.direction!,
        { output: tensors.parameter, keep, scale: -learningRate },
        { convergence: tensors.convergence, overflow: tensors.overflow, step },
        scratch,
      );
    }
    made.move();
    return new SevoState(device, options, step, state.shapes, tensors, smoothing?.graph ?? null);
  });
}

function launchRule(
  { device, options, directionOf }: SevoState,
  { parameter, moment1, moment2, direction, statuses }: StateTensors,
  table: number,
  bound: BoundGradient,
  place: { rows: number; firstRow: number; step: number; learningRate: number },
  graph: DeviceGraph | null,
): void {
  const { rule, betas, epsilon, weightDecay, momentum, nesterov, correction, propagation } = options;
  const { step, ...rest } = place, quads = parameter.stride / 4;
  const scalars = {
    ...rest,
    quads,
    stackRows: parameter.shape[0],
    panel: propagation ? panelOf(device, propagation, quads) : quads,
    sparse: bound.plan ? 1 : 0,
    scaled: graph?.scales ? 1 : 0,
    direct: graph ? 0 : 1,
    step,
    weightDecay,
  };
  const status = statuses[table]!, scales = graph?.scales ?? null;
  const tensors = { ...bound, moment1, parameter, direction: graph && direction, scales, status };
  if (rule === "sgd") {
    device.launch(sgd, tensors, { ...scalars, momentum, nesterov: nesterov ? 1 : 0 });
  } else {
    device.launch(adam, { ...tensors, moment2 }, {
      ...scalars,
      coupled: rule === "adam" ? 1 : 0,
      correct: correction ? 1 : 0,
      refresh: directionOf === graph ? 0 : 1,
      gain1: (1 - betas[0]) / (1 - betas[0] ** step),
      gain2: (1 - betas[1]) / (1 - betas[1] ** step),
      epsilon,
    });
  }
}

function checkGradients<Names extends string>(
  state: SevoState<Names>,
  gradients: { readonly [Name in Names]: Gradient },
): void {
  // Reading the tensors of a taken state throws.
  void state.tensors;
  for (const name of state.names) {
    if (!Object.hasOwn(gradients, name)) throw new TypeError(`Cannot step as there is no gradient for table '${name}'`);
    checkGradient(state.device, name, gradients[name], state.shapes[name]);
  }
  for (const name of Object.keys(gradients)) {
    if (!Object.hasOwn(state.shapes, name)) throw new TypeError(`Cannot step as the state has no table '${name}'`);
  }
}

function checkGraph({ options: { propagation }, rows }: SevoState, graph: Graph | null): void {
  if (propagation === null) {
    if (graph) throw new TypeError("Cannot step with a graph as the state has no propagation: pass no graph");
    return;
  }
  if (!graph) {
    throw new TypeError(`Cannot step as '${propagation.mode}' propagation needs a graph: current value is ${graph}`);
  }
  if (graph.rows !== rows) {
    throw new RangeError(`Cannot step as the graph has ${graph.rows} rows: expected ${rows}, those of all tables`);
  }
}
