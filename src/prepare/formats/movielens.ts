import { readDelimited } from "./delimited.ts";
import type { FolderPlan, Format, Sample } from "./format.ts";

const JUDGED = 200;
const every = ({ lines }: Sample, pattern: RegExp) =>
  lines.length > 0 && lines.slice(0, JUDGED).every((line) => pattern.test(line));

/** Flags at the end of a line of `u.item`, in their order. */
const GENRES = [
  "unknown",
  "Action",
  "Adventure",
  "Animation",
  "Children's",
  "Comedy",
  "Crime",
  "Documentary",
  "Drama",
  "Fantasy",
  "Film-Noir",
  "Horror",
  "Musical",
  "Mystery",
  "Romance",
  "Sci-Fi",
  "Thriller",
  "War",
  "Western",
];

/** The files of MovieLens, each with what it is told by; all of them have no header. */
const FILES = [
  {
    what: "u.data of MovieLens",
    pattern: /^\d+\t\d+\t[1-5]\t\d{9,10}$/,
    delimiter: "\t",
    columns: ["user", "item", "rating", "timestamp"],
  },
  {
    what: "ratings.dat of MovieLens",
    pattern: /^\d+::\d+::[\d.]+::\d+$/,
    delimiter: "::",
    columns: ["user", "item", "rating", "timestamp"],
  },
  {
    what: "u.item of MovieLens",
    pattern: /^\d+\|[^|]*\|[^|]*\|[^|]*\|[^|]*(\|[01]){19}$/,
    delimiter: "\t",
    columns: ["item", "title", "release_date", "genres"],
    line: genresOf,
  },
  {
    what: "movies.dat of MovieLens",
    pattern: /^\d+::.+::[^:]+$/,
    delimiter: "::",
    columns: ["item", "title", "genres"],
  },
] as const;

/** A line of `u.item` with the names of its genres in place of their flags. */
function genresOf(line: string): string {
  const cells = line.split("|");
  const genres = GENRES.filter((_, at) => cells[at + 5] === "1");
  return [...cells.slice(0, 3), genres.join("|")].join("\t");
}

/** The files of MovieLens that say nothing of their columns; `ratings.csv` and `movies.csv` are delimited text. */
export const movielens: Format = {
  name: "movielens",
  summary: "u.data and u.item, ratings.dat and movies.dat, or a folder of MovieLens, with titles and genres",
  encoding: "latin1",
  recognise(sample) {
    const file = FILES.find(({ pattern }) => every(sample, pattern));
    return file === undefined ? null : `its lines are those of ${file.what}`;
  },
  folder(files): FolderPlan | null {
    const pairs = [["u.data", "u.item"], ["ratings.dat", "movies.dat"], ["ratings.csv", "movies.csv"]] as const;
    const pair = pairs.find(([log]) => files.includes(log));
    if (pair === undefined) return null;
    return { log: [pair[0]], items: files.includes(pair[1]) ? pair[1] : undefined };
  },
  read(file) {
    const found = FILES.find(({ pattern }) => every(file.sample, pattern));
    if (found === undefined) return readDelimited(file);
    const { delimiter, columns } = found;
    return readDelimited(file, {
      dialect: { delimiter, quote: "", escape: "", comment: null, skip: 0, header: false, columns },
      roles: columns[0] === "item" ? { item: [0] } : { user: [0], item: [1], rating: [2], timestamp: [3] },
      ..."line" in found ? { line: found.line } : {},
    });
  },
};
