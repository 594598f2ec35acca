// A thread per quad of the range.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  let row = index / params.quads;
  if (row >= params.rows) { return; }
  let at = row * params.stride + params.firstQuad + index % params.quads;
  var y = activation(input[at]) * dropout4(at, 0u);
  if (params.added == 1u) { y += residual[at]; }
  output[at] = y;
}
