import type { Roles } from "../_roles.ts";
import { readDelimited } from "./delimited.ts";
import type { Format, Sample } from "./format.ts";
import { keysOf, readJson } from "./json_lines.ts";

const REVIEWER = /^A[A-Z0-9]{9,27}$/, PRODUCT = /^(B[A-Z0-9]{9}|\d{9}[\dX])$/;
const JUDGED = 200;

/** What of the metadata is kept: descriptions and pictures would be most of a model's file. */
const METADATA = ["asin", "parent_asin", "title", "brand", "store", "price", "main_category", "categories", "category"];

const yearOf = (keys: readonly string[]): string | null => {
  const has = (...names: string[]) => names.every((name) => keys.includes(name));
  if (has("reviewerID", "asin")) return "reviews of 2014 or 2018";
  if (has("user_id", "asin", "timestamp")) return "reviews of 2023";
  if (has("parent_asin", "title")) return "metadata of 2023";
  if (has("user_id")) return null;
  if (has("asin") && (has("title") || has("categories") || has("category"))) return "metadata of 2014 or 2018";
  return null;
};

/** Which columns of a file of ratings without a header hold users and items: 2014 and 2018 have them the other way. */
function ratingRoles({ lines }: Sample): Roles | null {
  const rows = lines.slice(0, JUDGED).map((line) => line.split(","));
  if (rows.length === 0 || !rows.every((row) => row.length === 4 && /^\d{8,10}$/.test(row[3]!))) return null;
  const share = (column: number, pattern: RegExp) =>
    rows.filter((row) => pattern.test(row[column]!)).length / rows.length;
  for (const [user, item] of [[0, 1], [1, 0]] as const) {
    if (share(user, REVIEWER) > 0.9 && share(item, PRODUCT) > 0.9) {
      return { user: [user], item: [item], rating: [2], timestamp: [3] };
    }
  }
  return null;
}

/** Reviews, ratings and metadata of Amazon's products, of 2014, 2018 and 2023. */
export const amazon: Format = {
  name: "amazon",
  summary: "Amazon's reviews, ratings and metadata of 2014, 2018 and 2023",
  recognise(sample) {
    const year = yearOf(keysOf(sample));
    if (year !== null) return `its keys are those of ${year}`;
    return ratingRoles(sample) === null ? null : "ids of Amazon's reviewers and products";
  },
  read(file) {
    const roles = ratingRoles(file.sample);
    if (roles !== null) {
      const columns = ["user", "item", "rating", "timestamp"];
      if (roles.user![0] === 1) columns.splice(0, 2, "item", "user");
      const dialect = { delimiter: ",", quote: '"', escape: '"', comment: null, skip: 0, header: false, columns };
      return readDelimited(file, { dialect, roles });
    }
    const isMetadata = yearOf(keysOf(file.sample))?.startsWith("metadata");
    return readJson(file, {
      ...isMetadata ? { keys: METADATA } : {},
      roles(columns) {
        const at = (...names: string[]) =>
          names.map((name) => columns.indexOf(name)).filter((at) => at >= 0).slice(0, 1);
        // Colours and sizes of a product have ids of their own: the parent is what the metadata speaks of
        const found = {
          user: at("reviewerID", "user_id"),
          item: at("parent_asin", "asin"),
          timestamp: at("unixReviewTime", "timestamp"),
          rating: at("overall", "rating"),
        };
        return Object.fromEntries(Object.entries(found).filter(([, columns]) => columns.length > 0));
      },
    });
  },
};
