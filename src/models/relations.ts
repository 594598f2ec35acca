/**
 * The setting `graph`: what it names, and how the relations weigh.
 *
 * @module
 */
import { SettingError } from "./setting_error.ts";
import type { TrainingSettings } from "./training_settings.ts";

/** Kinds of relations between rows. */
export const RELATION_KINDS = ["item", "user-item", "categories", "nearest"] as const;

/** A kind of relation between rows. */
export type RelationKind = typeof RELATION_KINDS[number];

/** A relation that a graph is made of. */
export interface Relation {
  /**
   * - `item`: items that follow each other in training sequences
   * - `user-item`: users and their training items
   * - `categories`: items that share a value of a column
   * - `nearest`: items that are near each other in a trained model
   */
  readonly kind: RelationKind;
  /** The column, or the name of the teacher; empty for the other kinds. */
  readonly of: string;
}

/** A relation and its part of the graph. */
export interface WeighedRelation extends Relation {
  /** Its weight next to the others. */
  readonly weight: number;
}

/** The settings that name a graph. */
export type GraphSettings = Pick<TrainingSettings, "graph" | "graphWeights">;

/**
 * The relations that the settings name.
 *
 * @example
 * ```ts
 * import { relationsOf } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(relationsOf({ graph: "item,categories:genres", graphWeights: "1,0.5" }), [
 *   { kind: "item", of: "", weight: 1 },
 *   { kind: "categories", of: "genres", weight: 0.5 },
 * ]);
 * ```
 *
 * @param settings The settings.
 * @returns The relations, in their order.
 * @throws {SettingError} If one is unknown or there twice, or weights are not as many, negative or all 0.
 */
export function relationsOf({ graph, graphWeights }: GraphSettings): WeighedRelation[] {
  const names = graph.split(",").map((name) => name.trim()), relations = names.map(relationOf);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new SettingError("graph", `graph names '${twice}' twice: current value is '${graph}'`);
  const weights = graphWeights === "equal" ? names.map(() => 1) : graphWeights.split(",").map(weightOf);
  const refuse = (expected: string) => {
    throw new SettingError("graphWeights", `graphWeights must be ${expected}: current value is '${graphWeights}'`);
  };
  if (weights.some((weight) => !(weight >= 0 && weight < Infinity))) {
    refuse("numbers of at least 0 with commas between, or 'equal'");
  }
  if (weights.length !== names.length) refuse(`as many as relations in graph, ${names.length}`);
  if (!weights.some((weight) => weight > 0)) refuse("above 0 for one relation at least");
  return relations.map((relation, at) => ({ ...relation, weight: weights[at]! }));
}

function relationOf(name: string): Relation {
  const [kind, ...rest] = name.split(":"), of = rest.join(":");
  if ((name === "item" || name === "user-item") || ((kind === "categories" || kind === "nearest") && of !== "")) {
    return { kind: kind as RelationKind, of };
  }
  throw new SettingError(
    "graph",
    `graph must be of item, user-item, categories:COLUMN and nearest:RUN, with commas between: current value is '${name}'`,
  );
}

/** A number; of what is none, NaN. */
function weightOf(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/**
 * Whether the graph has rows of users, before those of items: `user-item` is among its relations.
 *
 * @example
 * ```ts
 * import { smoothsUsers } from "@sevo/sevo/models";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([smoothsUsers({ graph: "item,user-item" }), smoothsUsers({ graph: "item" })], [true, false]);
 * ```
 *
 * @param settings The settings.
 * @returns Whether it has.
 */
export function smoothsUsers({ graph }: Pick<TrainingSettings, "graph">): boolean {
  return graph.split(",").some((name) => name.trim() === "user-item");
}

/**
 * Checks that the graph of the settings is one that a model can be smoothed over.
 *
 * @param model The model.
 * @param settings The settings.
 * @throws {SettingError} If it is not.
 */
export function checkRelations(
  { name, graphs }: { readonly name: string; readonly graphs: readonly RelationKind[] },
  settings: GraphSettings,
): void {
  const wrong = relationsOf(settings).find(({ kind }) => !graphs.includes(kind));
  if (wrong === undefined) return;
  const why = wrong.kind === "user-item" ? "has no table of users to smooth" : `is not smoothed over '${wrong.kind}'`;
  throw new SettingError("graph", `${name} ${why}: graph must be of ${graphs.join(", ")}`);
}
