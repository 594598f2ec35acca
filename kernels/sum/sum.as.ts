export function sum(values: usize, total: usize, count: u32, scale: f32, begin: u32, end: u32): void {
  if (begin >= end) return;
  let exact: f64 = 0;
  for (let at: u32 = 0; at < count; at++) exact += <f64> load<f32>(values + (<usize> at << 2));
  store<f32>(total, load<f32>(total) + scale * <f32> exact);
}
