import type { Graph, ResolvedOptions, ResolvedRule } from "@sevo/sevo";
import { psi } from "./_fixtures.ts";

/** A table under optimisation in float64. */
interface Table {
  readonly columns: number;
  value: Float64Array;
  first: Float64Array;
  second: Float64Array;
  average: Float64Array;
}

/** All that `sevoStep` does, in plain float64: one table to a group. */
export class Float64Optimizer {
  readonly tables: { readonly [name: string]: Table };
  readonly #options: ResolvedOptions;
  #step = 0;

  constructor(
    tables: { readonly [name: string]: { readonly data: Float32Array; readonly shape: readonly [number, number] } },
    options: ResolvedOptions,
  ) {
    this.#options = options;
    this.tables = Object.fromEntries(
      Object.entries(tables).map(([name, { data, shape }]) => {
        const zeros = () => new Float64Array(data.length);
        const value = Float64Array.from(data);
        return [name, { columns: shape[1], value, first: zeros(), second: zeros(), average: value.slice() }];
      }),
    );
  }

  step(gradients: { readonly [name: string]: Float32Array }, graphs: { readonly [name: string]: Graph | null }): void {
    const { clipNorm, clipValue, groups, ema } = this.#options;
    this.#step++;
    const all = Object.values(gradients).flatMap((gradient) => [...gradient]);
    const norm = Math.hypot(...all);
    const factor = clipNorm === null ? 1 : Math.min(1, clipNorm / norm);
    for (const [name, table] of Object.entries(this.tables)) {
      const rule = groups.find(({ tables }) => tables.includes(name)) ?? this.#options;
      const gradient = Float64Array.from(
        gradients[name]!,
        (value) => clipValue === null ? factor * value : Math.max(-clipValue, Math.min(clipValue, value)),
      );
      this.#move(name, table, rule, gradient, graphs[name] ?? null);
      if (ema !== null) table.average = table.average.map((value, at) => ema * value + (1 - ema) * table.value[at]!);
    }
  }

  #move(name: string, table: Table, rule: ResolvedRule, gradient: Float64Array, graph: Graph | null): void {
    const { columns, value, first, second } = table, rows = value.length / columns;
    const has = (list: readonly number[] | true | undefined, row: number) => list === true || !!list?.includes(row);
    const direction = new Float64Array(value.length), decaysApart = ["adamw", "lion"].includes(rule.rule);
    for (let row = 0; row < rows; row++) {
      if (has(this.#options.frozen[name], row)) continue;
      const own = gradient.subarray(row * columns, (row + 1) * columns);
      const idle = rule.correction && own.every((element) => element === 0);
      for (let at = row * columns; at < (row + 1) * columns; at++) {
        let g = gradient[at]!;
        if (!decaysApart) g += rule.weightDecay * value[at]!;
        if (rule.rule === "sgd") {
          first[at] = rule.momentum * first[at]! + g;
          direction[at] = rule.nesterov ? g + rule.momentum * first[at]! : first[at]!;
          continue;
        }
        const [beta1, beta2] = rule.betas;
        if (rule.rule === "lion") {
          direction[at] = Math.sign(beta1 * first[at]! + (1 - beta1) * g);
          first[at] = beta2 * first[at]! + (1 - beta2) * g;
          continue;
        }
        if (rule.rule === "adagrad") {
          second[at]! += g * g;
          direction[at] = g / (Math.sqrt(second[at]!) + rule.epsilon);
          continue;
        }
        if (!idle) {
          first[at]! += (1 - beta1) / (1 - beta1 ** this.#step) * (g - first[at]!);
          second[at]! += (1 - beta2) / (1 - beta2 ** this.#step) * (g * g - second[at]!);
        }
        direction[at] = first[at]! / (Math.sqrt(second[at]!) + rule.epsilon);
      }
    }
    const smoothed = rule.propagation ? psi(graph!, direction, columns, rule.propagation) : direction;
    table.value = value.map((before, at) => {
      const row = Math.floor(at / columns);
      if (has(this.#options.frozen[name], row)) return before;
      const decay = decaysApart && !has(this.#options.undecayed[name], row) ? rule.weightDecay : 0;
      return (1 - rule.learningRate * decay) * before - rule.learningRate * smoothed[at]!;
    });
  }
}
