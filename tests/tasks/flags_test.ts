import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { defineTask, helpOf, parseFlags, UsageError } from "../../tasks/cli/flags.ts";
import { describeError } from "../../tasks/cli/run_task.ts";

const task = defineTask({
  name: "train",
  summary: "Trains a recommender.",
  examples: [["", "Trains on the generated dataset."], ["--epochs 10", "Trains for ten epochs."]],
  flags: {
    data: { kind: "string", placeholder: "DIR", description: "Folder of a prepared dataset", group: "Data" },
    model: { kind: "choice", choices: ["mf-bpr", "sasrec"], default: "mf-bpr", description: "Model", group: "Model" },
    epochs: { kind: "integer", min: 1, default: 50, description: "Passes over the data", group: "Training" },
    learningRate: { kind: "number", above: 0, default: 1e-3, description: "Step size", group: "Training" },
    beta: { kind: "number", min: 0, below: 1, default: 0.99, description: "Smoothing", group: "Training" },
    layers: { kind: "integer", min: 0, max: 100, default: 3, description: "Hops", group: "Training" },
    progress: { kind: "boolean", default: true, description: "Show progress", group: "Training" },
    force: { kind: "boolean", default: false, description: "Go on" },
    header: { kind: "boolean", description: "Whether there is a header" },
  },
});

async function parse(...args: string[]) {
  const parsed = await parseFlags(task, args);
  assert(parsed !== null);
  return parsed;
}

async function complaint(...args: string[]): Promise<string> {
  return (await assertRejects(() => parseFlags(task, args), UsageError)).message;
}

async function withConfig(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".jsonc" });
  try {
    await Deno.writeTextFile(path, text);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("parseFlags() gives every flag its default", async () => {
  const { values, given, argument } = await parse();
  assertEquals(values, {
    data: undefined,
    model: "mf-bpr",
    epochs: 50,
    learningRate: 1e-3,
    beta: 0.99,
    layers: 3,
    progress: true,
    force: false,
    header: undefined,
  });
  assertEquals(given.size, 0);
  assertEquals(argument, undefined);
  // The types follow from the declaration.
  const model: "mf-bpr" | "sasrec" = values.model;
  const epochs: number = values.epochs;
  const data: string | undefined = values.data;
  assertEquals([model, epochs, data], ["mf-bpr", 50, undefined]);
});

Deno.test("parseFlags() takes a value after a space and after an equals sign", async () => {
  const { values, given } = await parse("--epochs", "7", "--learning-rate=1e-2", "--data", "x=y", "--model=sasrec");
  assertEquals([values.epochs, values.learningRate, values.data, values.model], [7, 0.01, "x=y", "sasrec"]);
  assertEquals(new Set(given.keys()), new Set(["data", "model", "epochs", "learningRate"]));
});

Deno.test("parseFlags() keeps a string that looks like a number", async () => {
  assertEquals((await parse("--data", "007")).values.data, "007");
});

Deno.test("parseFlags() turns booleans on and off", async () => {
  const off = (await parse("--no-progress", "--force", "--no-header")).values;
  assertEquals([off.progress, off.force, off.header], [false, true, false]);
  const on = (await parse("--progress=true", "--force", "--header", "true")).values;
  assertEquals([on.progress, on.force, on.header], [true, true, true]);
});

Deno.test("parseFlags() lets the last of two equal flags win", async () => {
  assertEquals((await parse("--epochs", "7", "--epochs", "8")).values.epochs, 8);
});

for (
  const [args, message] of [
    [["--epocs", "3"], "Cannot run train as there is no flag '--epocs': did you mean '--epochs'?"],
    [["--epocs=3"], "Cannot run train as there is no flag '--epocs': did you mean '--epochs'?"],
    [["--learningRate", "3"], "Cannot run train as there is no flag '--learningRate': did you mean '--learning-rate'?"],
    [["--no-progres"], "Cannot run train as there is no flag '--no-progres': did you mean '--no-progress'?"],
    [["--no-epochs"], "Cannot run train as there is no flag '--no-epochs': did you mean '--epochs'?"],
    [["--no-epochs=3"], "Cannot run train as there is no flag '--no-epochs': did you mean '--epochs'?"],
    [["--zzzzzzzz"], "Cannot run train as there is no flag '--zzzzzzzz': see deno task train --help"],
    [["-x"], "Cannot run train as there is no flag '-x': see deno task train --help"],
    [["data"], "Cannot run train as it takes no argument: current value is 'data'"],
    [["--beta", "1"], "Cannot run train as --beta must be in [0, 1): current value is 1"],
    [["--layers", "-1"], "Cannot run train as --layers must be in [0, 100]: current value is -1"],
    [["--layers=-1"], "Cannot run train as --layers must be in [0, 100]: current value is -1"],
    [["--epochs", "0"], "Cannot run train as --epochs must be at least 1: current value is 0"],
    [["--learning-rate", "0"], "Cannot run train as --learning-rate must be greater than 0: current value is 0"],
    [["--epochs", "2.5"], "Cannot run train as --epochs must be an integer: current value is 2.5"],
    [["--epochs", "ten"], "Cannot run train as --epochs must be an integer: current value is 'ten'"],
    [["--beta", "Infinity"], "Cannot run train as --beta must be a number: current value is Infinity"],
    [["--model", "svd"], "Cannot run train as --model must be one of mf-bpr, sasrec: current value is 'svd'"],
    [["--epochs"], "Cannot run train as --epochs needs a value: see deno task train --help"],
    [["--epochs", "--force"], "Cannot run train as --epochs needs a value: see deno task train --help"],
    [["--data="], "Cannot run train as --data needs a value: see deno task train --help"],
    [["--force="], "Cannot run train as --force needs a value: see deno task train --help"],
    [["--force=yes"], "Cannot run train as --force must be true or false: current value is 'yes'"],
    [["--config", "none.json"], "Cannot run train as config file 'none.json' does not exist"],
  ] as const
) {
  Deno.test(`parseFlags() refuses ${args.join(" ")}`, async () => assertEquals(await complaint(...args), message));
}

Deno.test("parseFlags() reads a config file, and a flag overrides it", async () => {
  const text = `{
    // Comments and a trailing comma are fine.
    "learningRate": 0.01,
    "epochs": 9,
    "progress": false,
  }`;
  await withConfig(text, async (path) => {
    const { values, given, file } = await parse("--config", path, "--epochs", "3");
    assertEquals([values.learningRate, values.epochs, values.progress, values.beta], [0.01, 3, false, 0.99]);
    assertEquals(Object.fromEntries(given), {
      epochs: "command line",
      learningRate: "config file",
      progress: "config file",
    });
    assertEquals(file, { learningRate: 0.01, epochs: 9, progress: false });
  });
});

for (
  const [text, message] of [
    [
      `{"epocs": 3}`,
      "Cannot run train as config file 'FILE' has a key that is no flag, 'epocs': did you mean 'epochs'?",
    ],
    [
      `{"learning-rate": 3}`,
      "Cannot run train as config file 'FILE' has a key that is no flag, 'learning-rate': did you mean 'learningRate'?",
    ],
    [
      `{"config": "x"}`,
      "Cannot run train as config file 'FILE' has a key that is no flag, 'config': see deno task train --help",
    ],
    [`{"beta": 1}`, "Cannot run train as 'beta' in config file 'FILE' must be in [0, 1): current value is 1"],
    [`{"epochs": "3"}`, `Cannot run train as 'epochs' in config file 'FILE' must be an integer: current value is "3"`],
    [
      `{"model": null}`,
      "Cannot run train as 'model' in config file 'FILE' must be one of mf-bpr, sasrec: current value is null",
    ],
    [`[1]`, "Cannot run train as config file 'FILE' must hold an object: current value is an array"],
  ] as const
) {
  Deno.test(`parseFlags() refuses a config file that holds ${text}`, async () => {
    await withConfig(text, async (path) => {
      assertEquals((await complaint("--config", path)).replace(path, "FILE"), message);
    });
  });
}

for (
  const [text, what] of [
    [`{"epochs": }`, "value expected at line 1, column 12"],
    [`{\n  "epochs": 3 // passes\n  "beta": 0.9\n}`, "comma expected at line 3, column 3"],
    [`{"epochs": 3`, "close brace expected at line 1, column 13"],
    [`{epochs: 3}`, "invalid symbol at line 1, column 2"],
    [`{'epochs': 3}`, "invalid symbol at line 1, column 2"],
    [`{"epochs": 3} {}`, "end of file expected at line 1, column 15"],
    [`{"epochs": 3} /* passes`, "unexpected end of comment at line 1, column 15"],
    [``, "value expected at line 1, column 1"],
    ["[".repeat(65), "it is nested more than 64 levels deep"],
    ['{"a":'.repeat(100_000), "it is nested more than 64 levels deep"],
    [`${"[".repeat(64)} // [[[`, "close bracket expected at line 1, column 72"],
  ] as const
) {
  Deno.test(`parseFlags() refuses ${JSON.stringify(text.slice(0, 80))}, a config file that is not JSON`, async () => {
    await withConfig(text, async (path) => {
      assertEquals(await complaint("--config", path), `Cannot run train as config file '${path}' is not JSON: ${what}`);
    });
  });
}

/** Parses with variables in the environment. */
async function withVariables<T>(variables: Readonly<Record<string, string>>, use: () => Promise<T>): Promise<T> {
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    return await use();
  } finally {
    for (const name of Object.keys(variables)) Deno.env.delete(name);
  }
}

Deno.test("parseFlags() reads flags from the environment: the command line wins over it, and it over a config file", async () => {
  await withConfig(`{ "epochs": 7, "beta": 0.5, "layers": 4 }`, async (path) => {
    const variables = {
      SEVO_EPOCHS: "8",
      SEVO_LEARNING_RATE: "0.01",
      SEVO_BETA: "0.25",
      SEVO_PROGRESS: "0",
      SEVO_FORCE: "true",
      SEVO_DATA: "",
      SEVO_CONFIG: path,
    };
    const { values, given } = await withVariables(variables, () => parse("--epochs", "9"));
    assertEquals(
      [values.epochs, values.learningRate, values.beta, values.layers, values.progress, values.force, values.data],
      [9, 0.01, 0.25, 4, false, true, undefined],
    );
    assertEquals([given.get("epochs"), given.get("beta"), given.get("layers")], [
      "command line",
      "environment",
      "config file",
    ]);
  });
});

Deno.test("parseFlags() says which variable holds no value of its flag", async () => {
  const cases = [
    ["SEVO_EPOCHS", "many", "an integer"],
    ["SEVO_BETA", "1", "in [0, 1)"],
    ["SEVO_MODEL", "other", "one of mf-bpr, sasrec"],
    ["SEVO_FORCE", "yes", "true or false"],
  ] as const;
  for (const [name, value, expected] of cases) {
    const message = await withVariables({ [name]: value }, () => complaint());
    assert(message.startsWith(`Cannot run train as the variable ${name} must be `), message);
    assert(message.endsWith(`: current value is '${value}'`) && message.includes(expected.slice(0, 8)), message);
  }
});

Deno.test("parseFlags() takes a task's argument from the environment", async () => {
  const argument = { placeholder: "FILE...", description: "Files", required: true, many: true } as const;
  const files = defineTask({ name: "prepare", summary: "Prepares.", argument, examples: [], flags: {} });
  const parsed = await withVariables({ SEVO_FILE: "log.csv" }, () => parseFlags(files, []));
  assertEquals(parsed?.arguments, ["log.csv"]);
  const given = await withVariables({ SEVO_FILE: "log.csv" }, () => parseFlags(files, ["a", "b"]));
  assertEquals(given?.arguments, ["a", "b"]);
});

Deno.test("parseFlags() asks for what is required", async () => {
  const prepare = defineTask({
    name: "prepare",
    summary: "Prepares.",
    argument: { placeholder: "FILE", description: "File to read", required: true },
    examples: [],
    flags: { out: { kind: "string", placeholder: "DIR", required: true, description: "Folder to write" } },
  });
  const refuse = async (...args: string[]) =>
    (await assertRejects(() => parseFlags(prepare, args), UsageError)).message;
  assertEquals(await refuse("--out", "x"), "Cannot run prepare as FILE is missing: see deno task prepare --help");
  assertEquals(await refuse("log.csv"), "Cannot run prepare as --out is missing: see deno task prepare --help");
  assertEquals(
    await refuse("a", "b", "--out", "x"),
    "Cannot run prepare as it takes one argument, FILE: current value is 'a b'",
  );
  const parsed = await parseFlags(prepare, ["1", "--out", "x"]);
  assertEquals([parsed?.argument, parsed?.values.out], ["1", "x"]);
  assertEquals((await parseFlags(prepare, ["--out", "x", "--", "--odd"]))?.argument, "--odd");
  assertStringIncludes(helpOf(prepare), "Usage: deno task prepare FILE --out DIR [flags]");
});

Deno.test("helpOf() names usage, examples, and every flag with its default", () => {
  const help = helpOf(task);
  for (
    const part of [
      "Trains a recommender.\n\nUsage: deno task train [flags]\n\nExamples:\n  deno task train\n      Trains on the generated",
      "\nData:\n  --data DIR ",
      "--model MODEL",
      "Model (mf-bpr, sasrec; default mf-bpr)",
      "Passes over the data (default 50)",
      "--learning-rate N",
      "--[no-]progress",
      "  --force ",
      "--config FILE",
      "-h, --help",
    ]
  ) assertStringIncludes(help, part);
  assert(help.split("\n").every((line) => line.length <= 100));
});

Deno.test("defineTask() refuses a default that its flag would not take", () => {
  assertThrows(
    () =>
      defineTask({
        name: "t",
        summary: "",
        examples: [],
        flags: { beta: { kind: "number", below: 1, default: 1, description: "" } },
      }),
    TypeError,
    "Cannot declare t as the default of 'beta' must be less than 1: current value is 1",
  );
});

Deno.test("describeError() gives one line for an expected error, and the stack for a mistake in the program", () => {
  assertEquals(describeError(new UsageError("Cannot run\n  x as y")), "error: Cannot run x as y");
  assertEquals(describeError(new RangeError("Cannot step as beta is wrong")), "error: Cannot step as beta is wrong");
  assertEquals(describeError(new Deno.errors.NotFound("no file")), "error: no file");
  assertStringIncludes(describeError(new RangeError("Cannot step as beta is wrong"), true), "\n    at ");
  assertStringIncludes(describeError(new TypeError("x.y is not a function")), "\n    at ");
  assertStringIncludes(describeError(new Error("oh")), "\n    at ");
  assertEquals(describeError("text"), `error: Uncaught "text"`);
});
