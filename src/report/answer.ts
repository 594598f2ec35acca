import { summaryOf } from "../experiments/summary.ts";
import { counted, metricFigure, metricTitle, percentFigure, probabilityFigure } from "./_figures.ts";
import { type Html, html } from "./_html.ts";
import type { Arm, Pair, Panel } from "./panels.ts";

/** Below this probability a difference is not called luck. */
const LEVEL = 0.05;

/** An answer in a word or two, and what stands behind it. */
type Line = readonly [word: string, basis: string];

/** What the first lines of the page say. */
export interface Answer {
  /** Whether it helps, and what says so. */
  readonly verdict: Line;
  /** By how much, and of what. */
  readonly amount: Line;
  /** Whether it is luck, and by which test. */
  readonly luck: Line;
  /** The same, with its figures. */
  readonly sentence: string;
  /** What else an honest reader should know. */
  readonly notes: readonly string[];
}

/**
 * Answers the question of the page.
 *
 * @param panels The panels.
 * @param metric The metric.
 * @returns The answer.
 */
export function answerOf(panels: readonly Panel[], metric: string): Answer {
  const best = panels.flatMap(({ pairs }) => pairs.slice(0, 1));
  const notes = panels.flatMap((panel) => notesOf(panel, metric, panels.length > 1));
  if (best.length === 0) return { ...unanswered(panels), notes };
  if (best.length > 1) return { ...ofSeveral(best, metric), notes };
  return { ...ofOne(best[0]!, metric), notes };
}

/**
 * The first screen in words.
 *
 * @param answer The answer.
 * @returns The HTML.
 */
export function answerSection({ verdict, amount, luck, sentence, notes }: Answer): Html {
  const cards = [["Does SEvo help?", verdict], ["By how much?", amount], ["Is it luck?", luck]] as const;
  return html`<dl class="answer">${
    cards.map(([question, [word, basis]]) =>
      html`
        <div>
          <dt>${question}</dt>
          <dd>${word}<small>${basis}</small></dd>
        </div>
      `
    )
  }</dl>
<p class="lead">${sentence}</p>
${notes.map((note) => html`<p class="note">${note}</p>`)}`;
}

function unanswered(panels: readonly Panel[]): Omit<Answer, "notes"> {
  const lacks = panels.every(({ sevo }) => sevo.length === 0)
    ? "none of them is with SEvo"
    : "none with SEvo has a plain one of the same rule, settings and seed beside it";
  return {
    verdict: ["Not asked", "there is nothing to compare"],
    amount: ["–", "nothing is paired"],
    luck: ["–", "nothing is tested"],
    sentence: `These runs do not say whether SEvo helps: ${lacks}. deno task train --compare makes both.`,
  };
}

function ofOne(pair: Pair, metric: string): Omit<Answer, "notes"> {
  const { sevo, plain, differences, overSeeds, overUsers, before, after } = pair;
  const gain = after - before, won = differences.filter((difference) => difference > 0).length;
  const title = metricTitle(metric), share = before > 0 ? gain / before : NaN;
  const words = `Test ${title} is ${metricFigure(after)} with ${sevo.label} and ${
    metricFigure(before)
  } with ${plain.label}`;
  const p = overSeeds?.t?.p ?? null;
  // Users say whether other users would show it, not whether another seed would
  const sure = p === null ? null : p < LEVEL;
  const ofSeeds = differences.length === 1
    ? "there is one seed, which cannot tell"
    : `SEvo is ahead in ${won} of ${differences.length} seeds` +
      (p === null ? "" : ` (paired t test over seeds: p\u00a0${probabilityFigure(p)})`);
  const ofUsers = overUsers?.t
    ? `; over ${counted(overUsers.count, "user")} of these runs p\u00a0${probabilityFigure(overUsers.t.p)}`
    : "";
  return {
    verdict: [verdictOf(gain, sure), `ahead in ${won} of ${counted(differences.length, "seed")}`],
    amount: [
      Number.isFinite(share) ? percentFigure(share) : metricFigure(gain),
      `${title} ${metricFigure(before)} → ${metricFigure(after)}`,
    ],
    luck: luckOf(sure, p, pair),
    sentence: `${words}: ${ofSeeds}${ofUsers}.`,
  };
}

function ofSeveral(pairs: readonly Pair[], metric: string): Omit<Answer, "notes"> {
  const shares = pairs.filter(({ before }) => before > 0).map(({ before, after }) => after / before - 1);
  const won = pairs.filter(({ before, after }) => after > before).length;
  const isSure = ({ overSeeds }: Pair) => (overSeeds?.t?.p ?? 1) < LEVEL;
  const better = pairs.filter((pair) => isSure(pair) && pair.after > pair.before).length;
  const worse = pairs.filter((pair) => isSure(pair) && pair.after < pair.before).length;
  const tested = pairs.filter(({ overSeeds }) => overSeeds?.t).length;
  // A plain mean of zero has no share of which something more could be said
  const mean = shares.length === 0 ? "–" : percentFigure(summaryOf(shares).mean);
  const range = shares.length === 0
    ? "from nothing"
    : `${percentFigure(Math.min(...shares))} to ${percentFigure(Math.max(...shares))}`;
  return {
    verdict: [
      shareInWords(won / pairs.length, tested > 0),
      `better in ${won} of ${counted(pairs.length, "comparison")}`,
    ],
    amount: [mean, `on average; ${range}`],
    luck: tested === 0 ? ["It cannot be told", "one seed each"] : [
      better + worse === tested ? "Hardly" : better + worse === 0 ? "It may be" : "Not all of it",
      `${better} better and ${worse} worse at p < .05, of ${tested} tested`,
    ],
    sentence:
      `Test ${metricTitle(metric)} is higher with SEvo in ${won} of ${
        counted(pairs.length, "comparison")
      }; on average ` +
      `it changes by ${mean} (${range}). ` +
      (tested === 0
        ? "None has two seeds, so that luck cannot be told from effect."
        : `Paired t tests over seeds call ${better} better and ${worse} worse at p < .05, of ${tested} that have two ` +
          "seeds or more; the probabilities are not corrected for their number."),
  };
}

function shareInWords(share: number, isTested: boolean): string {
  if (!isTested && (share === 0 || share === 1)) return share === 1 ? "It looks so" : "It looks as if not";
  if (share === 0 || share === 1) return share === 1 ? "Yes" : "No";
  return share >= 2 / 3 ? "Mostly" : share <= 1 / 3 ? "Rarely" : "It depends";
}

function verdictOf(gain: number, sure: boolean | null): string {
  if (gain === 0) return "No difference";
  if (sure === null) return gain > 0 ? "It looks so" : "It looks as if not";
  if (sure) return gain > 0 ? "Yes" : "No, it harms";
  return gain > 0 ? "Perhaps" : "Not here";
}

function luckOf(sure: boolean | null, p: number | null, { differences, overUsers }: Pair): Line {
  if (p !== null) return [sure ? "Hardly" : "It may be", `p\u00a0${probabilityFigure(p)}, paired t over seeds`];
  const ofUsers = overUsers?.t ? `, over users p\u00a0${probabilityFigure(overUsers.t.p)}` : "";
  return ["It cannot be told", `${differences.length === 1 ? "one seed" : "the seeds do not differ"}${ofUsers}`];
}

/** What the answer leaves out: how many settings were tried, and what is better than the two that it speaks of. */
function notesOf(
  { dataset, model, sevo, plain, untrained, pairs }: Panel,
  metric: string,
  isOneOfMany: boolean,
): string[] {
  const [best] = pairs, notes: string[] = [];
  if (best === undefined) return [];
  const valueOf = (arm: Arm) => arm.test[metric]!.mean;
  if (sevo.length > 1) {
    notes.push(`${sevo.length} settings with SEvo were run; this is the one of them that validates best.`);
  }
  // Held against the same settings, which need not be those that suit a plain rule
  const rival = plain.filter((arm) => valueOf(arm) > best.before && arm !== best.plain)
    .sort((a, b) => valueOf(b) - valueOf(a))[0];
  if (rival) notes.push(`The best plain rule of these runs is ${rival.label}: ${metricFigure(valueOf(rival))}.`);
  const better = untrained.filter((arm) => valueOf(arm) > best.after).sort((a, b) => valueOf(b) - valueOf(a))[0];
  if (better) {
    notes.push(
      `${better.label}, which is counted and not trained, is better than both: ${metricFigure(valueOf(better))}.`,
    );
  }
  return notes.map((note) => isOneOfMany ? `${model} on ${dataset}: ${note}` : note);
}
