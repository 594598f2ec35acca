// One workgroup: what is summed here is a loss per sample, thousands at most.
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var part = 0.0;
  for (var at = lane; at < params.count; at += WORKGROUP_SIZE) { part += values[at]; }
  sums[lane] = part;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { total[0] += params.scale * sums[0]; }
}
