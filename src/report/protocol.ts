import type { Results } from "../experiments/results.ts";
import { type Html, html } from "./_html.ts";

/**
 * How the metrics were made, in words, and what to know before comparing.
 *
 * @param results The results.
 * @returns The HTML.
 */
export function protocolSection({ rows, warnings }: Results): Html {
  const protocols = Map.groupBy(
    rows.flatMap(({ run: { metrics, dataset } }) => metrics === null ? [] : [{ ...metrics, dataset }]),
    ({ protocol, dataset, test }) =>
      JSON.stringify([
        protocol,
        dataset.name,
        test.users,
        test.targets,
        test.unseen,
        test.repeats,
        test.withoutHistory,
      ]),
  );
  return html`${
    [...protocols.values()].map(([first]) => {
      const { protocol, dataset, test } = first!, { users, targets, unseen, repeats, withoutHistory } = test;
      const number = (value: number) => value.toLocaleString("en-US");
      return html`<p><b>${dataset.name}:</b> ${protocol}. ${number(users)} users and ${
        number(targets)
      } targets of the test were ranked${
        unseen > 0 && `, ${number(unseen)} of them items that nobody has in training`
      }.${repeats > 0 && ` ${number(repeats)} targets are repeats of the user’s own history.`}${
        withoutHistory > 0 && ` ${number(withoutHistory)} users without an item to train on are left out.`
      }</p>`;
    })
  }<p>A run is tested once, at the epoch that validates best. Deviations are sample standard deviations over seeds.</p>${
    warnings.map((warning) => html`<p class="note">${warning[0]!.toUpperCase() + warning.slice(1)}.</p>`)
  }`;
}

/**
 * Where the page comes from.
 *
 * @param input Results, version and command.
 * @returns The HTML.
 */
export function footerSection(
  { results, version, command }: {
    readonly results: Results;
    readonly version: string;
    readonly command: string;
  },
): Html {
  const { rows } = results, finished = rows.flatMap(({ run: { metrics } }) => metrics ?? []);
  const datasets = new Map(rows.map(({ run: { dataset } }) => [dataset.digest, dataset.name]));
  const list = (values: readonly string[]) => [...new Set(values)].join(", ");
  const entries: [string, Html | string][] = [
    ["Datasets (SHA-256)", html`${[...datasets].map(([digest, name]) => html`${name} <code>${digest}</code><br>`)}`],
    ["Runs made", daysOf(results)],
    ["Devices", list(finished.map(({ device }) => device))],
    ["Versions", html`runs ${list(finished.map(({ version }) => version))}, page ${version}`],
    ["Command", html`<code>${command}</code>`],
  ];
  return html`
    <footer>
      <dl>${entries.map(([name, value]) =>
        html`
          <dt>${name}</dt>
          <dd>${value}</dd>
        `
      )}</dl>
    </footer>
  `;
}

/**
 * When the runs were made.
 *
 * @param results The results.
 * @returns A day, or the first and the last.
 */
export function daysOf({ rows }: Results): string {
  const days = rows.flatMap(({ run: { metrics } }) => metrics === null ? [] : [metrics.started, metrics.ended])
    .map((time) => String(time).slice(0, 10)).sort();
  return days[0] === days.at(-1) ? String(days[0]) : `${days[0]} to ${days.at(-1)}`;
}
