import { PrepareError, visible } from "../prepare_error.ts";
import { columnOfRole } from "../_roles.ts";
import { readDelimited } from "./delimited.ts";
import type { FolderPlan, Format, Sample } from "./format.ts";

const TYPES = "token|token_seq|float|float_seq";

/** Columns of an atomic file, or null where its first line declares none. */
function columnsOf({ lines }: Sample): { names: string[]; delimiter: string } | null {
  const first = lines[0] ?? "";
  const delimiter = [...first].find((char) => "\t,;| ".includes(char)) ?? "\t";
  const cells = first.split(delimiter).map((cell) => new RegExp(`^(.+):(?:${TYPES})$`).exec(cell.trim())?.[1]);
  return cells.every((cell) => cell !== undefined) ? { names: cells as string[], delimiter } : null;
}

/** Atomic files of RecBole: a header that gives every column a type. */
export const recbole: Format = {
  name: "recbole",
  summary: "atomic files of RecBole (.inter, .item), or a folder of them",
  recognise(sample) {
    const columns = columnsOf(sample);
    return columns === null ? null : `its header gives types to its columns: ${visible(sample.lines[0]!, 60)}`;
  },
  folder(files): FolderPlan | null {
    const of = (end: string) => files.filter((file) => file.endsWith(end));
    const items = of(".item")[0];
    const [train, valid, test] = [of(".train.inter"), of(".valid.inter"), of(".test.inter")];
    if (train.length === 1 && test.length === 1) return { log: train, valid: valid[0], test: test[0], items };
    const log = of(".inter");
    return log.length === 0 ? null : { log, items };
  },
  read(file) {
    const found = columnsOf(file.sample);
    if (found === null) {
      throw new PrepareError(file.name, "its first line gives no types to its columns, as in user_id:token");
    }
    const { names, delimiter } = found;
    const role = (name: "user" | "item" | "timestamp" | "rating") =>
      [columnOfRole(names, name)].filter((column) => column >= 0);
    const roles = Object.fromEntries(
      (["user", "item", "timestamp", "rating"] as const).map((name) => [name, role(name)] as const)
        .filter(([, columns]) => columns.length > 0),
    );
    const dialect = { delimiter, quote: "", escape: "", comment: null, skip: 1, header: true, columns: names };
    return readDelimited(file, { dialect, roles });
  },
};
