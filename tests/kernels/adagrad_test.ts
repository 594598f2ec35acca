import { checkAdagrad } from "../../kernels/adagrad/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses } from "./_assert_checks.ts";
import { ruleCases, wideCase } from "./_rule_cases.ts";

testOnDevices("adagrad: random tables, gradients and options", async (device) => {
  await assertChecks(ruleCases, (options) => checkAdagrad(device, options), 30);
});

testOnDevices("adagrad: more quads than a workgroup has threads", async (device) => {
  assertPasses(await checkAdagrad(device, wideCase));
});
