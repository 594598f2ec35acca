import { DatabaseFault, named, pathOf } from "../_database.ts";
import { PrepareError } from "../prepare_error.ts";
import { type Format, NONE_BAD } from "./format.ts";

/** Parquet: a row for each interaction. */
export const parquet: Format = {
  name: "parquet",
  summary: "Parquet, a row for each interaction, columns by name",
  recognise: ({ head }) => String.fromCharCode(...head.subarray(0, 4)) === "PAR1" ? "its first bytes are PAR1" : null,
  async read(file) {
    const { db, name } = file;
    const path = await file.place();
    let described: Record<string, unknown>[];
    try {
      described = await db.rows(`DESCRIBE SELECT * FROM read_parquet(${pathOf(path)})`);
    } catch (error) {
      if (!(error instanceof DatabaseFault && error.isContent)) throw error;
      throw new PrepareError(name, "its Parquet data is damaged, or of a kind that is not read", { cause: error });
    }
    const columns = described.map((row) => String(row["column_name"]));
    const values = described.map((row, at) => `${textSql(named(columns[at]!), String(row["column_type"]))} AS c${at}`);
    return {
      columns,
      named: true,
      roles: {},
      ordered: false,
      reading: `${columns.length} columns`,
      from: `(SELECT ${values.join(", ")} FROM read_parquet(${pathOf(path)}))`,
      record: "row",
      lineOf: (record) => Promise.resolve(record + 1),
      bad: () => Promise.resolve(NONE_BAD),
    };
  },
};

/** SQL of a column as text. */
function textSql(column: string, type: string): string {
  if (type === "VARCHAR") return column;
  // Ids of bytes, such as UUIDs, are no text
  if (type === "BLOB") return `coalesce(try(decode(${column})), lower(hex(${column})))`;
  // Whole numbers that a program made floats of, as pandas does where a value is missing
  if (type === "DOUBLE" || type === "FLOAT") {
    return `CASE WHEN isnan(${column}) THEN NULL WHEN ${column} = trunc(${column}) AND abs(${column}) < 1e15
      THEN ${column}::BIGINT::VARCHAR ELSE ${column}::VARCHAR END`;
  }
  if (type.endsWith("[]")) return `array_to_string(${column}, '|')`;
  return `${column}::VARCHAR`;
}
