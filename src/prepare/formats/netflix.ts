import { shown } from "../prepare_error.ts";
import { readDelimited } from "./delimited.ts";
import type { FolderPlan, Format } from "./format.ts";

/** Blocks of the Netflix Prize: a line `1:` for a film, then its ratings. */
export const netflix: Format = {
  name: "netflix",
  summary: "blocks of the Netflix Prize: a line '1:' for a film, then lines 'user,rating,date'",
  recognise({ lines }) {
    const isBlock = (line: string) => /^\d+:$/.test(line.trim());
    if (!isBlock(lines[0] ?? "")) return null;
    return lines.slice(0, 200).every((line) => isBlock(line) || /^\d+,\d(\.\d)?,\d{4}-\d{2}-\d{2}\s*$/.test(line))
      ? `it begins with the block ${shown(lines[0]!.trim(), 20)}`
      : null;
  },
  folder(files): FolderPlan | null {
    const log = files.filter((file) => /^(combined_data_\d+|mv_\d+)\.txt(\.gz)?$/.test(file));
    return log.length === 0 ? null : { log };
  },
  read(file) {
    let film = "";
    return readDelimited(file, {
      dialect: {
        delimiter: ",",
        quote: "",
        escape: "",
        comment: null,
        skip: 0,
        header: false,
        columns: ["user", "rating", "timestamp", "item"],
      },
      roles: { user: [0], rating: [1], timestamp: [2], item: [3] },
      line(line) {
        const block = /^(\d+):$/.exec(line.trim());
        if (block !== null) film = block[1]!;
        return block !== null || line.trim() === "" ? "" : `${line.trim()},${film}`;
      },
    });
  },
};
