import { parseJson } from "../json.ts";
import { EXIT } from "./exit.ts";
import { quoted } from "../quoted.ts";
import { writeWhole } from "../files/part_file.ts";
import { largestArray, submit, type TaskId } from "./_slurm_commands.ts";

/** Restarts after which a run that could be repeated is left to whoever looks at it. */
const RESTARTS = 100;

/** Restarts after which a run that is killed again and again counts as failed. */
const KILLS = 3;

/** Seconds before the end of its time that a job is asked to end: as long as a checkpoint may take. */
const NOTICE = 60;

/** One run of a submission. */
export interface SubmittedRun {
  /** Name of the run. */
  readonly name: string;
  /** Its task. */
  readonly task: TaskId;
  /** Is there once the run has begun. */
  readonly started: string;
  /** Has the exit code once the run has ended. */
  readonly ended: string;
  /** What Slurm has to say of it. */
  readonly words: string;
}

/** What is submitted. */
export interface Submission {
  /** Names of the runs and their commands. */
  readonly runs: readonly { readonly name: string; readonly command: readonly string[] }[];
  /** Output folder of the sweep. */
  readonly out: string;
  /** Further options of sbatch. */
  readonly options: readonly string[];
  /** Runs at a time; null for as many as Slurm likes. */
  readonly limit: number | null;
}

/**
 * Submits runs as job arrays: one, or as many as Slurm's limit makes of it. Which task is which run, and by which command,
 * is fixed in a folder of the submission, so that a spec that changes later changes nothing of it.
 *
 * @param submission What is submitted.
 * @returns The runs, the ids of the jobs, and the folder.
 * @throws {SlurmError} If Slurm does not take it.
 */
export async function submitRuns(
  { runs, out, options, limit }: Submission,
): Promise<{ runs: SubmittedRun[]; jobs: string[]; folder: string }> {
  const most = await largestArray(), folder = `${folderOf(out)}/${crypto.randomUUID().slice(0, 8)}`;
  await Deno.mkdir(folder, { recursive: true });
  writeWhole(`${folder}/job.sh`, scriptOf(folder));
  writeWhole(`${folder}/commands`, runs.map(({ command }) => `${command.map(quoted).join(" ")}\n`).join(""));
  writeWhole(`${folder}/logs`, runs.map(({ name }) => `${quoted(`${out}/.sweep/${name}.log`)}\n`).join(""));
  const tasks: [name: string, task: TaskId][] = [], jobs: string[] = [];
  try {
    for (let first = 0; first < runs.length; first += most) {
      const part = runs.slice(first, first + most);
      const job = await submit([
        `--array=0-${part.length - 1}${limit === null ? "" : `%${limit}`}`,
        `--job-name=sevo-${out.split("/").at(-1)}`,
        `--output=${folder}/%A_%a.out`,
        "--open-mode=append",
        "--requeue",
        `--signal=B:TERM@${NOTICE}`,
        ...options,
        `${folder}/job.sh`,
        `${first}`,
      ]);
      jobs.push(job);
      part.forEach(({ name }, index) => tasks.push([name, `${job}_${index}`]));
      // A sweep that is run again finds what was submitted, even where this process is killed before the next array
      writeWhole(`${folder}/tasks.json`, JSON.stringify(tasks) + "\n");
    }
  } catch (error) {
    if (jobs.length === 0) await Deno.remove(folder, { recursive: true });
    throw error;
  }
  return { runs: tasks.map(([name, task], index) => runOf(folder, name, task, index)), jobs, folder };
}

/**
 * What was submitted before.
 *
 * @param out Output folder of the sweep.
 * @returns The runs of each submission, by its folder.
 */
export async function submissionsOf(out: string): Promise<Map<string, SubmittedRun[]>> {
  const found = new Map<string, SubmittedRun[]>();
  try {
    for await (const { name } of Deno.readDir(folderOf(out))) {
      const folder = `${folderOf(out)}/${name}`;
      found.set(folder, await tasksOf(folder));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

async function tasksOf(folder: string): Promise<SubmittedRun[]> {
  try {
    const tasks = parseJson(await Deno.readTextFile(`${folder}/tasks.json`)) as [string, TaskId][];
    return tasks.map(([name, task], index) => runOf(folder, name, task, index));
  } catch {
    return []; // Slurm took nothing of it
  }
}

function folderOf(out: string): string {
  return `${out}/.sweep/slurm`;
}

function runOf(folder: string, name: string, task: TaskId, index: number): SubmittedRun {
  return {
    name,
    task,
    started: `${folder}/${index}.started`,
    ended: `${folder}/${index}.ended`,
    words: `${folder}/${task}.out`,
  };
}

/** What each task runs. */
function scriptOf(folder: string): string {
  return `#!/bin/bash
# A run of a sweep, as a task of a job array. Which run it is was fixed when it was submitted.
folder=${quoted(folder)}
index=$((SLURM_ARRAY_TASK_ID + $1))
restarts=\${SLURM_RESTART_COUNT:-0}
eval "command=($(sed -n "$((index + 1))p" "$folder/commands"))"
eval "log=$(sed -n "$((index + 1))p" "$folder/logs")"
: > "$folder/$index.started"

# All that the run says of itself is in its run directory; why it ended is on standard error
"\${command[@]}" --log json --threads "\${SLURM_CPUS_ON_NODE:-1}" < /dev/null > /dev/null 2> "$log" &
run=$!
# Slurm tells this shell before the time is over: the run makes its checkpoint
trap 'kill -TERM "$run" 2> /dev/null' TERM
wait "$run"
code=$?
while kill -0 "$run" 2> /dev/null; do
  wait "$run"
  code=$?
done

if [ "$code" = ${EXIT.again} ] || [ "$code" -gt 128 ]; then
  # What somebody cancels, or takes from this node, is Slurm's to queue again or not
  [ "$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T)" = RUNNING ] || exit "$code"
  limit=${KILLS}
  [ "$code" = ${EXIT.again} ] && limit=${RESTARTS}
  if [ "$restarts" -lt "$limit" ]; then
    echo "exit code $code: queued again"
    scontrol requeue "$SLURM_JOB_ID" && exit "$code"
  fi
fi
[ "$code" = ${EXIT.done} ] && rm -f "$log"
echo "$code" > "$folder/$index.ended.part"
mv "$folder/$index.ended.part" "$folder/$index.ended"
exit "$code"
`;
}
