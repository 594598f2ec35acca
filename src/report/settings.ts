import type { Results } from "../experiments/results.ts";
import { isInUse } from "../experiments/run_settings.ts";
import { type Html, html } from "./_html.ts";
import { details, table } from "./_parts.ts";
import { settingFigure } from "./panels.ts";

/** Values that are listed of a setting; of more, their number. */
const MOST = 12;

/**
 * The settings that differ between the runs, and those that do not.
 *
 * @param results The results.
 * @returns The HTML.
 */
export function settingsSection({ varying, rows }: Results): Html {
  const valuesOf = (name: string) => {
    const values = new Map<string, number>();
    for (const { settings } of rows) {
      if (!isInUse(settings, name)) continue;
      const value = settingFigure(settings[name]);
      values.set(value, (values.get(value) ?? 0) + 1);
    }
    return [...values].sort(([a], [b]) => Number(a) - Number(b) || 0);
  };
  const differing = varying.map((name) => ({ name, values: valuesOf(name) }));
  const names = new Set(rows.flatMap(({ settings }) => Object.keys(settings)));
  const shared = [...names].filter((name) => !varying.includes(name)).map((name) => ({ name, values: valuesOf(name) }))
    .filter(({ values }) => values.length > 0);
  return html`${
    differing.length === 0 ? html`<p>All runs have the same settings.</p>` : table(
      ["Setting", "Values (runs)"],
      differing.map(({ name, values }) => [
        name,
        values.slice(0, MOST).map(([value, count]) => `${value} (${count})`).join(", ") +
        (values.length > MOST ? ` and ${values.length - MOST} more` : ""),
      ]),
      "Settings that differ",
    )
  }${
    details(
      `${shared.length} settings that all runs share`,
      table(["Setting", "Value"], shared.map(({ name, values }) => [name, values[0]![0]]), "Settings that are shared"),
    )
  }`;
}
