import fc from "../_fast_check.ts";
import { checkLion } from "../../kernels/lion/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses } from "./_assert_checks.ts";
import { ruleCases, wideCase } from "./_rule_cases.ts";

testOnDevices("lion: random tables, gradients and options", async (device) => {
  const betas = fc.constantFrom({ beta1: 0.9, beta2: 0.99 }, { beta1: 0, beta2: 0.5 }, { beta1: 0.999, beta2: 0 });
  const cases = fc.tuple(ruleCases, betas).map(([options, rates]) => ({ ...options, ...rates }));
  await assertChecks(cases, (options) => checkLion(device, options), 30);
});

testOnDevices("lion: more quads than a workgroup has threads", async (device) => {
  assertPasses(await checkLion(device, { ...wideCase, beta1: 0.9, beta2: 0.99 }));
});
