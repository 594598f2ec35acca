// Two quads of columns to a workgroup, 128 lanes over the rows of each, and a tree in workgroup memory.
const QUADS = 2u;
const LANES = 128u;
var<workgroup> sums: array<vec4f, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let quad = linear_workgroup(id, count) * QUADS + lane % QUADS;
  var sum = vec4f(0.0);
  if (quad < params.quads) {
    for (var row = lane / QUADS; row < params.rows; row += LANES) {
      sum += input[row * params.stride + params.firstQuad + quad];
    }
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half * QUADS) { sums[lane] += sums[lane + half * QUADS]; }
    workgroupBarrier();
  }
  if (lane >= QUADS || quad >= params.quads) { return; }
  let at = params.outputOffset + quad;
  var total = sums[lane];
  if (params.accumulate == 1u) { total += output[at]; }
  output[at] = total;
}
