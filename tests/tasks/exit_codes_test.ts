import { assertEquals } from "@std/assert";
import { DeviceLostError } from "../../src/device/device.ts";
import { SpecError } from "../../src/experiments/spec_error.ts";
import { DatasetError } from "../../src/files/read_dataset.ts";
import { FolderHeldError } from "../../src/files/run_lock.ts";
import { PrepareError } from "../../src/prepare/prepare_error.ts";
import { WhereError } from "../../src/prepare/where/tokens.ts";
import { NonFiniteError } from "../../src/sevo/errors.ts";
import { UsageError } from "../../tasks/cli/declaration.ts";
import { EXIT } from "../../src/experiments/exit.ts";
import { exitCodeOf, RunsFailedError, TryAgainError } from "../../tasks/cli/exit_codes.ts";
import { isExpected } from "../../tasks/cli/run_task.ts";

const full = Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });

for (
  const [what, error, code] of [
    ["a wrong flag", new UsageError("Cannot run train as there is no flag '--x'"), EXIT.usage],
    [
      "a spec that cannot be run",
      new SpecError("Cannot run sweep as 'gird' at line 1 of 'x' is not known"),
      EXIT.usage,
    ],
    ["runs that failed", new RunsFailedError("Cannot finish the sweep in 'x' as 1 of 2 runs failed", 4), 4],
    ["an option out of range", new RangeError("Cannot split as the splits are others"), EXIT.usage],
    ["a condition that cannot be read", new WhereError("rating >>", 0, "expected a number"), EXIT.usage],
    ["a log that cannot be read", new PrepareError("log", "it is empty"), EXIT.data],
    ["a dataset that cannot be read", new DatasetError("Cannot read dataset 'x' as it is not one"), EXIT.data],
    ["a model file that is none", new SyntaxError("Cannot read a model as it is cut"), EXIT.data],
    ["numbers that are none", new NonFiniteError("item", 3), EXIT.diverged],
    ["a device that is lost", new DeviceLostError("the driver restarted"), EXIT.again],
    ["a disk that is full", full, EXIT.again],
    ["a disk that is full, said in a line", new PrepareError("log", "there is no room", { cause: full }), EXIT.again],
    ["a folder that is held", new FolderHeldError("runs/x", "process 1"), EXIT.again],
    ["an interruption", new TryAgainError("Cannot train on as the task was interrupted"), EXIT.again],
    ["a fault of the program", new TypeError("Cannot read properties of undefined"), EXIT.fault],
    ["something that is no error", "what", EXIT.fault],
  ] as const
) {
  Deno.test(`the exit code of ${what} is ${code}`, () => {
    assertEquals(exitCodeOf(error, isExpected(error)), code);
  });
}
