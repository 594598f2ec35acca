import { type Bounds, checkOptions, checkType, shown } from "../options.ts";
import { ACTION, checkRange } from "./_checks.ts";
import type { Propagation } from "./propagation_options.ts";
import { decaysApart, type ResolvedRule, resolveRule, RULE_OPTIONS, type RuleOptions } from "./rule_options.ts";

/** Rows of tables, by table: some of them, or `true` for all. */
export type RowsByTable = { readonly [table: string]: ArrayLike<number> | true };

/**
 * Tables that are stepped alike. What a group does not say is as in the options of the state, but for the propagation: a
 * group without one is not smoothed.
 */
export interface GroupOptions extends Partial<Omit<RuleOptions, "rule">> {
  /**
   * Names of its tables. Those of a group that is smoothed are stacked by rows in this order, and its graph has a row for
   * each row of the stack.
   */
  readonly tables: readonly string[];
}

/** Options of `sevoInit`. */
export interface SevoOptions extends Omit<RuleOptions, "propagation"> {
  /**
   * How the direction is smoothed, over a graph of all tables stacked in their order; null for the plain rule. With
   * `groups` each group has its own, and this is left out.
   */
  readonly propagation?: Propagation | null;
  /** Groups of tables. Tables in no group follow the plain rule with the options of the state. */
  readonly groups?: readonly GroupOptions[];
  /**
   * Gradients are scaled down so that the norm of all of them together is at most this (Pascanu et al., 2013), on the
   * device. Default: they are not. A row whose whole gradient is 0 stays one.
   */
  readonly clipNorm?: number | null;
  /** Elements of gradients are brought into [-clipValue, clipValue]. Default: they are not. */
  readonly clipValue?: number | null;
  /** Rows that stay as they are to the bit: they do not move or decay, have no moments and give their neighbours nothing. */
  readonly frozen?: RowsByTable;
  /** adamw, lion: rows that do not decay. Rows of padding, say. */
  readonly undecayed?: RowsByTable;
  /**
   * Keeps a moving average of the tables, average = ema average + (1 - ema) table after every step, for
   * `SevoState.average`. In [0, 1). Default: none is kept.
   */
  readonly ema?: number | null;
}

/** A group of tables with all options filled in. */
export interface ResolvedGroup extends ResolvedRule {
  /** Names of its tables. */
  readonly tables: readonly string[];
}

/** {@linkcode SevoOptions} with its defaults filled in. */
export interface ResolvedOptions extends ResolvedRule {
  /** Groups of tables; none where all tables are stepped alike. */
  readonly groups: readonly ResolvedGroup[];
  /** Norm of all gradients together at most, or null. */
  readonly clipNorm: number | null;
  /** Magnitude of an element of a gradient at most, or null. */
  readonly clipValue: number | null;
  /** Rows that stay as they are, ascending. */
  readonly frozen: { readonly [table: string]: readonly number[] | true };
  /** Rows that do not decay, ascending. */
  readonly undecayed: { readonly [table: string]: readonly number[] | true };
  /** Weight of the average so far, or null. */
  readonly ema: number | null;
}

/** Tables that are moved together: see {@linkcode stacksOf}. */
export interface Stacked {
  /** Names of the tables, in the order in which they are stacked. */
  readonly names: readonly string[];
  /** How they are moved. */
  readonly rule: ResolvedRule;
  /** Place of their group among the groups, and -1 where there are none or they are in none. */
  readonly group: number;
}

const OPTIONS: readonly (keyof SevoOptions)[] = [
  ...RULE_OPTIONS,
  "groups",
  "clipNorm",
  "clipValue",
  "frozen",
  "undecayed",
  "ema",
];

const GROUP_OPTIONS: readonly (keyof GroupOptions)[] = [
  "tables",
  ...RULE_OPTIONS.filter((name): name is Exclude<keyof RuleOptions, "rule"> => name !== "rule"),
];

const BOUNDS = {
  clip: { above: 0 },
  ema: { min: 0, below: 1 },
} as const satisfies Readonly<Record<string, Bounds>>;

/**
 * Checks options and fills in their defaults.
 *
 * @param options Options as given, or as this gave them.
 * @param rows Rows of each table.
 * @returns All options.
 * @throws {TypeError} If an option, a name or a table is unknown, or an option is of another type.
 * @throws {RangeError} If a number or a row is out of range.
 */
export function resolveOptions(
  options: SevoOptions | ResolvedOptions,
  rows: { readonly [table: string]: number },
): ResolvedOptions {
  checkOptions(ACTION, options, OPTIONS);
  const { groups = [], frozen = {}, undecayed = {}, ema = null, ...rest } = options;
  const { clipNorm: norm = null, clipValue: value = null, ...own } = rest;
  // No gradient is beyond an infinite bound
  const [clipNorm, clipValue] = [norm, value].map((bound) => bound === Infinity ? null : bound) as [
    number | null,
    number | null,
  ];
  if (!Array.isArray(groups)) {
    throw new TypeError(`${ACTION} as groups must be an array: current value is ${shown(groups)}`);
  }
  if (groups.length > 0 && own.propagation) {
    throw new TypeError(`${ACTION} as each group has its own propagation: leave out that of all`);
  }
  const { correction, ...shared } = own;
  const base = groups.length > 0 ? { ...shared, propagation: null } : own;
  const rule = resolveRule(base as RuleOptions);
  if (clipNorm !== null) checkRange("clipNorm", clipNorm, BOUNDS.clip);
  if (clipValue !== null) checkRange("clipValue", clipValue, BOUNDS.clip);
  if (clipNorm !== null && clipValue !== null) {
    throw new TypeError(`${ACTION} as gradients are clipped by norm or by value: give clipNorm or clipValue`);
  }
  if (ema !== null) checkRange("ema", ema, BOUNDS.ema);
  const resolved = {
    ...rule,
    groups: groups.map((group, at) => resolveGroup(group, at, shared as RuleOptions, correction, rows)),
    clipNorm,
    clipValue,
    frozen: resolveRows("frozen", frozen, rows),
    undecayed: resolveRows("undecayed", undecayed, rows),
    ema,
  };
  if (!decaysApart(rule.rule) && Object.keys(resolved.undecayed).length > 0) {
    throw new TypeError(
      `${ACTION} as undecayed rows belong to adamw and lion, whose decay is apart from the gradient: the rule is '${rule.rule}'`,
    );
  }
  checkOnce(resolved.groups);
  return resolved;
}

/**
 * Which tables are moved together: those of a group, or those in no group. Without smoothing, tables of different widths are
 * not stacked.
 *
 * @param options All options.
 * @param columns Columns of each table.
 * @returns Stacks of tables, those of groups first.
 */
export function stacksOf(options: ResolvedOptions, columns: { readonly [table: string]: number }): Stacked[] {
  const { groups } = options, grouped = new Set(groups.flatMap(({ tables }) => tables));
  const rest = Object.keys(columns).filter((name) => !grouped.has(name));
  const all = [...groups.map((rule, group) => ({ names: rule.tables, rule, group })), {
    names: rest,
    rule: options,
    group: -1,
  }];
  return all.flatMap((stacked): Stacked[] => {
    const { names, rule } = stacked;
    const together = rule.propagation || names.every((name) => columns[name] === columns[names[0]!]);
    return together ? names.length > 0 ? [stacked] : [] : names.map((name) => ({ ...stacked, names: [name] }));
  });
}

function resolveGroup(
  group: GroupOptions,
  at: number,
  shared: RuleOptions,
  correction: boolean | undefined,
  rows: { readonly [table: string]: number },
): ResolvedGroup {
  // A group as this gave it names the rule, which is that of all
  const { rule: _rule, ...asGiven } = group as ResolvedGroup;
  checkOptions(ACTION, _rule === shared.rule ? asGiven : group, GROUP_OPTIONS, `group ${at}`);
  const { tables, propagation = null, ...own } = asGiven as GroupOptions;
  if (!Array.isArray(tables) || tables.length === 0) {
    throw new TypeError(`${ACTION} as group ${at} must name its tables: current value is ${shown(tables)}`);
  }
  for (const name of tables) checkTable(`group ${at}`, name, rows);
  // Without smoothing there is nothing that a correction would be of use for
  const inherited = propagation && correction !== undefined ? { correction } : {};
  return { ...resolveRule({ ...shared, ...inherited, ...own, propagation }), tables: [...tables] };
}

function checkOnce(groups: readonly ResolvedGroup[]): void {
  const names = groups.flatMap(({ tables }) => tables);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TypeError(`${ACTION} as a table is in one group alone: '${twice}' is in two`);
}

function checkTable(where: string, name: unknown, rows: { readonly [table: string]: number }): void {
  if (typeof name === "string" && Object.hasOwn(rows, name)) return;
  const list = Object.keys(rows).map(shown).join(", ");
  throw new TypeError(`${ACTION} as ${where} names table ${shown(name)}: the tables are ${list}`);
}

function resolveRows(
  what: "frozen" | "undecayed",
  given: RowsByTable,
  rows: { readonly [table: string]: number },
): { readonly [table: string]: readonly number[] | true } {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError(`${ACTION} as ${what} must be rows by table: current value is ${shown(given)}`);
  }
  const pairs = Object.entries(given).filter(([, rows]) => rows !== undefined).map(([name, list]) => {
    checkTable(what, name, rows);
    if (list === true) return [name, true] as const;
    if (!Array.isArray(list) && !ArrayBuffer.isView(list)) {
      throw new TypeError(
        `${ACTION} as ${what} rows of table '${name}' must be an array or true: current value is ${shown(list)}`,
      );
    }
    const sorted = [...new Set(Array.from(list))].sort((a, b) => a - b);
    for (const row of sorted) {
      checkType(ACTION, `a ${what} row of table '${name}'`, row, "number");
      if (Number.isInteger(row) && row >= 0 && row < rows[name]!) continue;
      throw new RangeError(
        `${ACTION} as a ${what} row of table '${name}' must be in [0, ${rows[name]}): current value is ${row}`,
      );
    }
    return [name, sorted] as const;
  });
  return Object.fromEntries(pairs.filter(([, list]) => list === true || list.length > 0));
}
