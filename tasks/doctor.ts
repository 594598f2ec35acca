/**
 * Says which devices there are, checks every kernel on them against a float64 oracle, and measures them.
 *
 * @module
 */
import { examineDevice, examineMachine } from "./doctor/examine.ts";
import { autoOf, deviceLines, machineLines, verdictOf } from "./doctor/report.ts";
import type { DeviceReport } from "./doctor/examine.ts";
import { defineTask, parseFlags } from "./cli/flags.ts";
import { deviceFlags, quietGraphicsDriver } from "./cli/open_device.ts";
import { runTask } from "./cli/run_task.ts";

const task = defineTask({
  name: "doctor",
  summary:
    "Says which devices there are and which one 'auto' takes, checks that every kernel computes what it should " +
    "on them, and measures how fast they are. Ends with 1 if anything is wrong. Paste what it prints into an issue.",
  examples: [
    ["", "every device there is"],
    ["--device webgpu", "the WebGPU adapter alone, a software one too"],
    ["--json", "the same for a program"],
  ],
  config: false,
  flags: {
    device: {
      kind: "choice",
      choices: ["auto", "cpu", "webgpu"],
      default: "auto",
      description: "Device to examine; auto takes every one there is",
    },
    threads: deviceFlags.threads,
    json: { kind: "boolean", default: false, description: "Print one JSON object" },
  },
});

/**
 * Runs the task.
 *
 * @param args The command line after the task's name.
 */
export async function main(args: readonly string[]): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { device, threads, json } = parsed.values;
  const print = (lines: readonly string[]) => json || console.log(lines.join("\n"));

  quietGraphicsDriver();
  const machine = await examineMachine();
  print(machineLines(machine));
  const kinds = (["cpu", "webgpu"] as const).filter((kind) =>
    (device === "auto" || device === kind) && (kind === "cpu" || machine.adapter !== null)
  );
  const devices: DeviceReport[] = [];
  for (const kind of kinds) {
    const report = await examineDevice(kind, threads);
    devices.push(report);
    print(deviceLines(report));
  }
  const verdict = verdictOf(devices);
  print(["", verdict.line]);
  if (json) console.log(JSON.stringify({ machine, auto: autoOf(machine), devices, verdict }, null, 2));
  if (!verdict.passed) Deno.exitCode = 1;
}

if (import.meta.main) await runTask(() => main(Deno.args));
