/**
 * What to say to whom whose dates can be read in more than one way.
 *
 * @module
 */

const MONTHS = "January February March April May June July August September October November December".split(" ");

function ordinal(day: number): string {
  const tail = day % 10 > 3 || (day > 10 && day < 14) ? "th" : ["th", "st", "nd", "rd"][day % 10]!;
  return `${day}${tail}`;
}

const PARTS = new RegExp(
  "^(?<date>.*?)(?<time>(?<gap>T|,? +|:)(?<hour>\\d{1,2}):\\d{2}(?<second>:\\d{2}(?<fraction>[.,]\\d+)?)?" +
    "(?<half> ?[AaPp][Mm])?(?<zone> ?(?:[+-]\\d\\d:?\\d*|UTC|GMT|Z))?)?$",
);

/** How the time of day of a text is written, as a format of strptime. */
function timeFormat(groups: Readonly<Record<string, string | undefined>>): string {
  const { time, gap, second, fraction, half, zone } = groups;
  if (time === undefined) return "";
  const fine = fraction === undefined ? "" : fraction[0] + (fraction.length > 7 ? "%n" : "%f");
  const hour = half === undefined ? "%H" : "%I", end = half === undefined ? "" : half.replace(/[AaPp][Mm]/, "%p");
  const offset = zone === undefined ? "" : zone.replace(/[+-].*/, "%z").replace(/UTC|GMT|Z/, "%Z");
  return `${gap}${hour}:%M${second === undefined ? "" : ":%S"}${fine}${end}${offset}`;
}

/**
 * The formats that may be meant by a text.
 *
 * @param text The text, such as `03/02/14 10:00`.
 * @returns Formats of strptime, such as `%d/%m/%y %H:%M`, the likelier first.
 */
export function formatsOf(text: string): string[] {
  const groups = PARTS.exec(text)?.groups ?? {};
  const date = groups["date"] ?? text, time = timeFormat(groups);
  const numbers = /^\d{1,4}([-/. ])\d{1,2}(, |[-/.])(\d{1,4})$/.exec(date);
  if (numbers !== null) {
    const [, one, two, last] = numbers, year = last!.length === 4 ? "%Y" : "%y";
    const formats = [`%d${one}%m${two}${year}`, `%m${one}%d${two}${year}`];
    if (year === "%y") formats.push(`%y${one}%m${two}%d`);
    return formats.map((format) => format + time);
  }
  const format = date.replace(/\d{4}/, "%Y").replace(/(?<=\D)\d{2}$/, "%y").replace(/\b\d{1,2}(?=\D)/, "%d")
    .replace(/[A-Za-z]+(?=,? ?[A-Za-z%])/g, (word) => /day$/i.test(word) ? "%A" : word)
    .replace(/[A-Za-z]{3,}/g, (word) => {
      const full = MONTHS.some((month) => month.toLowerCase() === word.toLowerCase());
      return /^(mon|tue|wed|thu|fri|sat|sun)$/i.test(word) ? "%a" : full && word.length > 3 ? "%B" : "%b";
    });
  return [format + time];
}

/**
 * The two days that a text may mean.
 *
 * @param text A date of numbers, its year last, such as `03/02/2014`.
 * @returns Words, such as "the 3rd of February or March 2nd".
 */
export function twoDays(text: string): string {
  const [one, two] = text.match(/\d+/g)!.map(Number) as [number, number];
  return `the ${ordinal(one)} of ${MONTHS[two - 1]} or ${MONTHS[one - 1]} ${ordinal(two)}`;
}
