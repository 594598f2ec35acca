import { z } from "zod";
import { type Bounds, isWithin, rangeOf } from "../options.ts";

/** What a setting may be: read off its zod schema, so that flags, messages and documents have it from one place. */
export interface Field extends Omit<Bounds, "integer"> {
  /** Its type. */
  readonly kind: "number" | "integer" | "boolean" | "choice" | "string";
  /** What it is: a sentence without its full stop. */
  readonly description: string;
  /** The heading that it stands under in help. */
  readonly group?: string;
  /** Its value where none is given. */
  readonly default?: SettingValue;
  /** The words that a choice is one of. */
  readonly choices?: readonly string[];
}

/** The value of a setting. */
export type SettingValue = number | string | boolean;

/** Values of settings by name. */
export type SettingValues = Readonly<Record<string, SettingValue>>;

/** What JSON Schema says of a setting. */
interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly group?: string;
  readonly default?: SettingValue;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/**
 * The fields of a schema of settings.
 *
 * @param schema An object of numbers, choices, texts and booleans.
 * @returns A field for each setting, in the order of the schema.
 * @throws {TypeError} If a setting is of another type, or has no description.
 */
export function fieldsOf(schema: z.ZodObject): ReadonlyMap<string, Field> {
  const { properties } = z.toJSONSchema(schema, { io: "input" }) as unknown as {
    properties?: Readonly<Record<string, JsonSchema>>;
  };
  return new Map(Object.entries(properties ?? {}).map(([name, json]) => [name, fieldOf(name, json)]));
}

function fieldOf(name: string, json: JsonSchema): Field {
  const { type, enum: choices, description, group, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = json;
  const kind = choices ? "choice" : type;
  if (kind !== "choice" && kind !== "number" && kind !== "integer" && kind !== "boolean" && kind !== "string") {
    throw new TypeError(`Cannot declare setting '${name}' as it is no number, choice, text or boolean: it is ${kind}`);
  }
  if (!description) throw new TypeError(`Cannot declare setting '${name}' as it has no description`);
  // zod bounds every integer by what a double holds exactly: that is no bound of the setting
  const bounds = {
    ...minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER && { min: minimum },
    ...maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && { max: maximum },
    ...exclusiveMinimum !== undefined && { above: exclusiveMinimum },
    ...exclusiveMaximum !== undefined && { below: exclusiveMaximum },
  };
  return {
    kind,
    description,
    ...group !== undefined && { group },
    ...json.default !== undefined && { default: json.default },
    ...choices && { choices },
    ...bounds,
  };
}

const KINDS = { string: "a text", number: "a number", integer: "an integer", boolean: "true or false" } as const;

/** What a value is checked against. */
type Checked = Pick<Field, "kind" | "choices" | keyof Omit<Bounds, "integer">>;

/**
 * What is wrong with a value.
 *
 * @param field What the value may be.
 * @param value The value.
 * @returns What the value must be, or undefined if it is that.
 */
export function expectation(field: Checked, value: unknown): string | undefined {
  switch (field.kind) {
    case "string":
      return typeof value === "string" ? undefined : KINDS.string;
    case "boolean":
      return typeof value === "boolean" ? undefined : KINDS.boolean;
    case "choice":
      return field.choices!.includes(value as string) ? undefined : `one of ${field.choices!.join(", ")}`;
    case "number":
    case "integer":
      if (field.kind === "integer" ? !Number.isSafeInteger(value) : !Number.isFinite(value)) return KINDS[field.kind];
      return isWithin(field, value as number) ? undefined : rangeOf(field);
  }
}

/**
 * What JSON Schema says of a setting, for editors.
 *
 * @param field The setting.
 * @returns Its schema.
 */
export function jsonSchemaOf(field: Omit<Field, "default">): Record<string, unknown> {
  const { kind, description, min: minimum, max: maximum, above: exclusiveMinimum, below: exclusiveMaximum } = field;
  if (kind === "choice") return { enum: field.choices, description };
  const bounds = Object.entries({ minimum, maximum, exclusiveMinimum, exclusiveMaximum });
  return { type: kind, description, ...Object.fromEntries(bounds.filter(([, bound]) => bound !== undefined)) };
}

/**
 * Bounds a number of a schema: so that what the optimizer or a graph bounds is bounded in no second place.
 *
 * @param schema A number.
 * @param bounds The bounds.
 * @returns The number, bounded.
 */
export function bounded<T extends z.ZodNumber>(schema: T, { min, max, above, below }: Bounds): T {
  let result = schema;
  if (min !== undefined) result = result.min(min) as T;
  if (max !== undefined) result = result.max(max) as T;
  if (above !== undefined) result = result.gt(above) as T;
  if (below !== undefined) result = result.lt(below) as T;
  return result;
}
