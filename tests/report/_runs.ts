import { createTable } from "../../src/files/table_file.ts";
import { readDataset } from "../../src/files/read_dataset.ts";
import { prepare } from "../../src/prepare/prepare.ts";
import { main as report } from "../../tasks/report.ts";
import { main as train } from "../../tasks/train.ts";
import { CPU, outputOf } from "../tasks/_tiny.ts";

/** Titles that would be a script, a tag or an address if anything took them for HTML; and one that is too long for a line. */
export const HOSTILE: readonly string[] = [
  `</script><img src=x onerror="document.title='taken'">`,
  `"><svg onload="alert(1)">`,
  "<!-- ]]> & &amp; &lt;b&gt;",
  "'; alert(`2`); //",
  "https://example.com/a.png",
  "x".repeat(300),
  "سفر \u202e Ελλάδα \u{1f3ac}",
];

/** Items of the dataset. */
export const ITEMS = 48;

/** The runs that the tests look at: a sweep over beta, its plain rule, and two baselines, on a dataset of hostile titles. */
export interface Fixture {
  /** Folder of all. */
  readonly folder: string;
  /** The dataset. */
  readonly data: string;
  /** The runs. */
  readonly runs: string;
}

/**
 * Makes the runs.
 *
 * @param folder Where they go.
 * @returns Where they are.
 */
export async function makeRuns(folder: string): Promise<Fixture> {
  const data = `${folder}/data`, runs = `${folder}/runs`;
  const lines = Array.from({ length: 80 }, (_, user) => {
    const first = (user % 4) * 12;
    const items = Array.from({ length: 8 }, (_, at) => first + (Math.floor(user / 4) + at * (1 + user % 3)) % 12);
    return `${user} ${[...new Set(items)].join(" ")}\n`;
  });
  await Deno.writeTextFile(`${folder}/log.txt`, lines.join(""));
  await prepare({ files: [`${folder}/log.txt`], out: data, format: "sequences", minUser: 1, minItem: 1 });
  const { items } = await readDataset(data);
  {
    using table = await createTable(`${data}/items.parquet`, {
      item: "integer",
      id: "string",
      title: "string",
      genres: "string",
    });
    table.write({
      item: [...items.keys()],
      id: items,
      title: items.map((id) => HOSTILE[Number(id)] ?? (id === "7" ? null : `Film ${id}`)),
      genres: items.map((id) => id === "9" ? null : `${HOSTILE[Math.floor(Number(id) / 12)]}|other`),
    });
    table.finish();
  }
  const run = (name: string, ...flags: string[]) =>
    outputOf(train, "--data", data, "--out", `${runs}/${name}`, "--metric", "ndcg@10", ...flags, ...CPU);
  const trained = ["--model", "mf-bpr", "--dimension", "8", "--epochs", "6", "--eval-every", "2", "--batch", "16"];
  for (const seed of ["1", "2"]) {
    const flags = [...trained, "--learning-rate", "0.02", "--seed", seed];
    await run(`adamw-${seed}`, ...flags, "--optimizer", "adamw");
    for (const beta of ["0.5", "0.9", "0.99"]) {
      await run(`sevo-${beta}-${seed}`, ...flags, "--optimizer", "sevo-adamw", "--beta", beta);
    }
  }
  await run("popularity", "--model", "popularity");
  await run("item-knn", "--model", "item-knn");
  return { folder, data, runs };
}

/**
 * Makes a page of runs.
 *
 * @param to The file.
 * @param args Runs and flags.
 * @returns Its HTML.
 */
export async function makePage(to: string, ...args: string[]): Promise<string> {
  await outputOf(report, ...args, "--to", to);
  return await Deno.readTextFile(to);
}
