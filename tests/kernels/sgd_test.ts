import fc from "../_fast_check.ts";
import { checkSgd } from "../../kernels/sgd/check.ts";
import { testOnDevices } from "../_on_devices.ts";
import { assertChecks, assertPasses } from "./_assert_checks.ts";
import { ruleCases, wideCase } from "./_rule_cases.ts";

testOnDevices("sgd: random tables, gradients and options", async (device) => {
  const momenta = fc.record({ nesterov: fc.boolean(), momentum: fc.constantFrom(0, 0.9) });
  const cases = fc.tuple(ruleCases, momenta).map(([options, momentum]) => ({ ...options, ...momentum }));
  await assertChecks(cases, (options) => checkSgd(device, options), 30);
});

testOnDevices("sgd: more quads than a workgroup has threads", async (device) => {
  assertPasses(await checkSgd(device, { ...wideCase, nesterov: true, momentum: 0.9 }));
});
