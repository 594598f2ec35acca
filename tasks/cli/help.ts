import { type Flag, type Flags, kebab, type Task } from "./declaration.ts";
import { variableOf } from "./environment.ts";

const WIDTH = 100;

const EXIT_WORDS =
  "0 done; 2 the command line, a variable or a config is wrong; 3 the data are wrong; 4 training diverged; " +
  "75 try again (interrupted, device lost, disk full, folder in use); 1 a fault of the program";

function wrap(text: string, indent: number, width = WIDTH): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line += (line === "" ? "" : " ") + word;
    }
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

function nameOf(key: string, flag: Flag): string {
  if (flag.kind === "boolean") return `--${flag.default === false ? "" : "[no-]"}${kebab(key)}`;
  const placeholder = flag.placeholder ?? (flag.kind === "choice" ? kebab(key).split("-").at(-1)!.toUpperCase() : "N");
  return `--${kebab(key)} ${placeholder}`;
}

function descriptionOf(flag: Flag): string {
  const notes: string[] = [];
  if (flag.kind === "choice") notes.push(flag.choices.join(", "));
  if (flag.kind === "boolean" ? flag.default === true : flag.default !== undefined) {
    notes.push(`default ${flag.kind === "boolean" ? "on" : flag.default}`);
  }
  if (flag.kind === "list") notes.push("may be repeated");
  else if (flag.kind !== "boolean" && flag.required) notes.push("required");
  return notes.length === 0 ? flag.description : `${flag.description} (${notes.join("; ")})`;
}

/**
 * Makes the text of `--help`.
 *
 * @param task The task.
 * @returns The text, with a newline at its end.
 */
export function helpOf<F extends Flags>(task: Task<F>): string {
  const command = `deno task ${task.name}`;
  const groups = new Map<string, [string, string][]>();
  const add = (group: string, name: string, description: string) =>
    groups.set(group, [...groups.get(group) ?? [], [name, description]]);
  const { argument } = task;
  if (argument !== undefined) add("Argument", argument.placeholder, argument.description);
  for (const [heading, entries] of Object.entries(task.sections ?? {})) {
    for (const [word, meaning] of entries) add(heading, word, meaning);
  }
  for (const [key, flag] of Object.entries(task.flags)) {
    add(flag.group ?? "Flags", nameOf(key, flag), descriptionOf(flag));
  }
  if (task.config ?? true) {
    const [key, flag] = Object.entries(task.flags).find(([, flag]) => flag.default !== undefined) ?? [];
    const sample = flag === undefined ? "" : `, such as {"${key}":${JSON.stringify(flag.default)}}`;
    add("General", "--config FILE", `Read flags from a JSON file with comments${sample}; a flag given here wins`);
  }
  const [first] = Object.keys(task.flags);
  if (first !== undefined) {
    const example = `${variableOf(first)}=... is --${kebab(first)} ...`;
    add("General", "SEVO_...", `Every flag may stand in the environment, and one on the command line wins: ${example}`);
  }
  add("General", "Exit codes", EXIT_WORDS);
  add("General", "-h, --help", "Show this help");

  const column = Math.min(32, Math.max(...[...groups.values()].flat().map(([name]) => name.length)) + 4);
  const usage = [command];
  if (argument !== undefined) usage.push(argument.required ? argument.placeholder : `[${argument.placeholder}]`);
  for (const [key, flag] of Object.entries(task.flags)) {
    if (flag.kind !== "boolean" && flag.kind !== "list" && flag.required) usage.push(nameOf(key, flag));
  }
  const lines = [wrap(task.summary, 0), "", `Usage: ${[...usage, "[flags]"].join(" ")}`];
  if (task.examples.length > 0) {
    lines.push("", "Examples:");
    for (const [args, what] of task.examples) {
      lines.push(`  ${`${command} ${args}`.trimEnd()}`, `      ${wrap(what, 6)}`);
    }
  }
  for (const [heading, sample] of Object.entries(task.samples ?? {})) {
    lines.push("", `${heading}:`, ...sample.trimEnd().split("\n").map((line) => `  ${line}`.trimEnd()));
  }
  for (const [group, flags] of groups) {
    lines.push("", `${group}:`);
    for (const [name, description] of flags) {
      const left = `  ${name}`;
      const gap = left.length < column - 1 ? " ".repeat(column - left.length) : `\n${" ".repeat(column)}`;
      lines.push(left + gap + wrap(description, column));
    }
  }
  return lines.join("\n") + "\n";
}
