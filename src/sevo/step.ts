import { adagrad } from "../../kernels/adagrad/adagrad.ts";
import { adam } from "../../kernels/adam/adam.ts";
import { lion } from "../../kernels/lion/lion.ts";
import { sgd } from "../../kernels/sgd/sgd.ts";
import type { Tensor } from "../device/device.ts";
import type { DeviceGraph } from "../graph/_device_graph.ts";
import type { Graph } from "../graph/graph.ts";
import { checkOptions, checkType } from "../options.ts";
import { ACTION, checkRange } from "./_checks.ts";
import { copyTensors, disposeTensors, type Stack, type StackTensors } from "./_stack.ts";
import { clipByNorm, planClip } from "./_clip.ts";
import { follow, restoreRows, saveRows, silenceRows } from "./_rows.ts";
import { bindGradient, type BoundGradient, checkGradient, type Gradient } from "./gradient.ts";
import type { ResolvedOptions } from "./options.ts";
import { graphOn, isIdentity, makeScratch, panelOf, type Scratch, smooth } from "./propagation.ts";
import { PROPAGATION_BOUNDS, type ResolvedPropagation, resolvePropagation } from "./propagation_options.ts";
import { checkLearningRate, decaysApart, type ResolvedRule, RULE_BOUNDS } from "./rule_options.ts";
import { SevoState } from "./state.ts";
import { MOST_STEPS } from "./state_file.ts";
import { graphsOf, type StepGraph } from "./step_graph.ts";

/** Options of a single {@linkcode sevoStep}. */
export interface StepOptions {
  /** Whether the step may take the memory of the old state. Default true. */
  readonly donate?: boolean;
  /** Step size of this step, for a schedule. By default that of the state. A group's own is scaled in proportion. */
  readonly learningRate?: number;
  /** Weight decay of this step, but for groups that have their own. By default that of the state. */
  readonly weightDecay?: number;
  /** Weight b of the graph in this step, in [0, 1), of all that is smoothed. By default that of the state. */
  readonly beta?: number;
}

const STEP_OPTIONS: readonly (keyof StepOptions)[] = ["donate", "learningRate", "weightDecay", "beta"];

/**
 * One step: moments and direction from the gradients, the direction smoothed over the graph, the tables moved. On the
 * device that is one launch for each table and one for each layer, the last of which moves the tables (two for each
 * layer where the graph has a row of more than 512 entries).
 *
 * Equations (SEvo, NeurIPS 2024, Algorithms 1 to 3): E <- E - r psi(D) with D the bias-corrected Adam direction (adam:
 * coupled decay; adamw: E <- (1 - r w) E first, and rows whose gradient is 0 keep their corrected moments), or that of SGD,
 * Lion or Adagrad.
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
 * @param graph The graph over the stacked rows; none with `propagation: null`. With groups an array of a graph for each, or
 * null where it is not smoothed; one graph will do where one group is smoothed.
 * @param stepOptions Donation, and rates for this step.
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
  graph: StepGraph = null,
  stepOptions: StepOptions = {},
): SevoState<Names> {
  const { device } = state;
  checkOptions(ACTION, stepOptions, STEP_OPTIONS);
  const { donate = true } = stepOptions;
  checkType(ACTION, "donate", donate, "boolean");
  const rules = state.stacks.map(({ rule }) => ruleOfStep(state.options, rule, stepOptions));
  checkGradients(state, gradients);
  const graphs = graphsOf(state, graph, {
    action: "Cannot step",
    rowsOf: ({ tensors: { parameter } }) => parameter.shape[0],
  });

  const step = state.step + 1;
  if (step > MOST_STEPS) throw new RangeError(`Cannot step as a state takes at most ${MOST_STEPS} steps`);
  return device.batch(() => {
    // All memory is found before the state is taken, so that a step that finds none leaves it usable.
    using owned = new DisposableStack();
    const plans: StackStep[] = [];
    state.stacks.forEach((stack, at) => {
      plans.push(planStep(state, stack, rules[at]!, graphs[at]!, gradients, plans, owned));
    });
    const clip = planClip(device, state.options, plans, owned);
    const all = donate ? state.take() : copyAll(state);
    using made = new DisposableStack();
    for (const tensors of all) made.adopt(tensors, disposeTensors);
    clipByNorm(clip, all);
    const stacks = plans.map((plan, at) => stepStack(plan, all[at]!, step, state.options));
    made.move();
    return new SevoState(device, state.options, step, state.shapes, stacks);
  });
}

/** One stack of a step, with all that it needs on the device. */
interface StackStep {
  readonly stack: Stack;
  readonly rule: ResolvedRule;
  /** A gradient for each table. */
  readonly bounds: readonly BoundGradient[];
  /** What smooths the direction; null for the plain rule. */
  readonly smoothing: {
    readonly propagation: ResolvedPropagation;
    readonly graph: DeviceGraph;
    readonly scratch: Scratch;
  } | null;
  /** Where rows that do not decay are kept while the others do; null where there are none, or nothing decays. */
  readonly undecayed: Tensor<"f32"> | null;
}

/** Finds the memory of a step of a stack, after those of some others. */
function planStep<Names extends string>(
  { device, shapes }: SevoState<Names>,
  stack: Stack,
  rule: ResolvedRule,
  graph: Graph | null,
  gradients: { readonly [Name in Names]: Gradient },
  before: readonly StackStep[],
  owned: DisposableStack,
): StackStep {
  const { propagation } = rule, names = stack.names as readonly Names[];
  const bounds = names.map((name) => bindGradient(device, gradients[name], shapes[name], owned));
  const { undecayedRows, parameter } = stack.tensors;
  const decays = decaysApart(rule.rule) && rule.learningRate * rule.weightDecay !== 0;
  const undecayed = undecayedRows && decays
    ? owned.use(device.empty("f32", [undecayedRows.size, parameter.shape[1]!]))
    : null;
  const plain = { stack, rule, bounds, smoothing: null, undecayed };
  if (!propagation || isIdentity(propagation)) return plain;
  const on = graphOn(device, graph!, propagation);
  // Stacks are smoothed one after the other: those that are alike share the memory, which is then still in the caches
  const alike = before.find(({ stack: { columns }, smoothing }) =>
    smoothing?.graph === on && columns === stack.columns && smoothing.propagation.mode === propagation.mode &&
    smoothing.propagation.layers === propagation.layers
  );
  const scratch = alike?.smoothing?.scratch ?? owned.use(makeScratch(on, propagation, stack.tensors.direction!));
  return { ...plain, smoothing: { propagation, graph: on, scratch } };
}

/** Copies all tensors of a state. What is copied already is given back where a later stack does not fit. */
function copyAll({ device, stacks }: SevoState): readonly StackTensors[] {
  using made = new DisposableStack();
  const copies = stacks.map(({ tensors }) => made.adopt(copyTensors(device, tensors), disposeTensors));
  made.move();
  return copies;
}

/** Launches the step of a stack. */
function stepStack(
  { stack, rule, bounds, smoothing, undecayed }: StackStep,
  tensors: StackTensors,
  step: number,
  options: ResolvedOptions,
): Stack {
  const graph = smoothing?.graph ?? null, { learningRate, weightDecay } = rule;
  const keep = decaysApart(rule.rule) ? 1 - learningRate * weightDecay : 1;
  if (undecayed) saveRows(tensors.parameter, tensors.undecayedRows!, undecayed);
  let firstRow = 0;
  bounds.forEach((bound, at) => {
    launchRule(stack, rule, tensors, at, bound, { firstRow, step }, graph, options);
    firstRow += stack.rows[at]!;
  });
  if (tensors.frozenRows) silenceRows(tensors, tensors.frozenRows, smoothing?.propagation ?? null);
  if (smoothing) {
    smooth(
      smoothing.graph,
      smoothing.propagation,
      tensors.direction!,
      { output: tensors.parameter, keep, scale: -learningRate },
      { convergence: tensors.convergence, overflow: tensors.overflow, step },
      smoothing.scratch,
    );
  }
  if (undecayed) restoreRows(tensors.parameter, tensors.undecayedRows!, undecayed, { keep: 1, factor: 1 - keep });
  if (tensors.frozenRows) {
    restoreRows(tensors.parameter, tensors.frozenRows, tensors.frozenValues!, { keep: 0, factor: 1 });
  }
  if (tensors.average) follow(tensors.average, tensors.parameter, options.ema!);
  return { ...stack, tensors, directionOf: graph };
}

function launchRule(
  { rows, directionOf }: Stack,
  { rule, learningRate, betas, epsilon, weightDecay, momentum, nesterov, correction, propagation }: ResolvedRule,
  { parameter, moment1, moment2, direction, statuses }: StackTensors,
  table: number,
  bound: BoundGradient,
  { firstRow, step }: { readonly firstRow: number; readonly step: number },
  graph: DeviceGraph | null,
  { clipNorm, clipValue }: ResolvedOptions,
): void {
  const { device } = parameter, quads = parameter.stride / 4;
  const scalars = {
    rows: rows[table]!,
    firstRow,
    quads,
    stackRows: parameter.shape[0],
    panel: propagation ? panelOf(device, propagation, quads) : quads,
    sparse: bound.plan ? 1 : 0,
    scaled: graph?.scales ? 1 : 0,
    clipped: clipNorm === null ? 0 : 1,
    limit: clipValue ?? 0,
    direct: graph ? 0 : 1,
    step,
    learningRate,
    weightDecay,
  };
  const status = statuses[table]!, scales = graph?.scales ?? null;
  const tensors = { ...bound, parameter, direction: graph && direction, scales, status };
  if (rule === "sgd") {
    device.launch(sgd, { ...tensors, moment1 }, { ...scalars, momentum, nesterov: nesterov ? 1 : 0 });
  } else if (rule === "lion") {
    const [beta1, beta2] = betas;
    device.launch(lion, { ...tensors, moment1 }, { ...scalars, beta1, gain1: 1 - beta1, beta2, gain2: 1 - beta2 });
  } else if (rule === "adagrad") {
    device.launch(adagrad, { ...tensors, moment2 }, { ...scalars, epsilon });
  } else {
    device.launch(adam, { ...tensors, moment1, moment2 }, {
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

/** The rule of a stack with what a step has of its own. */
function ruleOfStep(
  { groups, learningRate: base, weightDecay: decay }: ResolvedOptions,
  rule: ResolvedRule,
  { learningRate, weightDecay, beta }: StepOptions,
): ResolvedRule {
  if (learningRate !== undefined) checkRange("learningRate", learningRate, RULE_BOUNDS.learningRate);
  if (weightDecay !== undefined) checkRange("weightDecay", weightDecay, RULE_BOUNDS.weightDecay);
  if (beta !== undefined) checkRange("beta", beta, PROPAGATION_BOUNDS.beta);
  const own = groups.length > 0;
  const rate = learningRate === undefined
    ? rule.learningRate
    : rule.learningRate === base
    ? learningRate
    : base > 0
    ? rule.learningRate * (learningRate / base)
    : rule.learningRate;
  const decayed = weightDecay !== undefined && (!own || rule.weightDecay === decay) ? weightDecay : rule.weightDecay;
  checkLearningRate(rate, decaysApart(rule.rule) ? decayed : 0);
  const propagation = rule.propagation && beta !== undefined && beta !== rule.propagation.beta
    ? resolvePropagation({ ...rule.propagation, beta })
    : rule.propagation;
  return { ...rule, learningRate: rate, weightDecay: decayed, propagation };
}

function checkGradients<Names extends string>(
  state: SevoState<Names>,
  gradients: { readonly [Name in Names]: Gradient },
): void {
  for (const name of state.names) {
    if (!Object.hasOwn(gradients, name)) throw new TypeError(`Cannot step as there is no gradient for table '${name}'`);
    checkGradient(state.device, name, gradients[name], state.shapes[name]);
  }
  for (const name of Object.keys(gradients)) {
    if (!Object.hasOwn(state.shapes, name)) throw new TypeError(`Cannot step as the state has no table '${name}'`);
  }
}
