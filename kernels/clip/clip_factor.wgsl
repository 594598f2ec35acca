// One workgroup: there is a partial sum for each 64 rows.
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
  var part = 0.0;
  for (var at = lane; at < params.count; at += WORKGROUP_SIZE) { part += partials[at]; }
  sums[lane] = part;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane != 0u) { return; }
  let square = sums[0];
  var factor = bitcast<u32>(1.0);
  if ((bitcast<u32>(square) & 0x7f800000u) == 0x7f800000u) {
    factor = 0x7fc00000u;
  } else if (sqrt(square) > params.clipNorm) {
    factor = bitcast<u32>(params.clipNorm / sqrt(square));
  }
  atomicStore(&status[2], factor);
}
