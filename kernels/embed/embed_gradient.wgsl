// A thread per quad.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (index / params.quads >= params.tokens) { return; }
  let d = outputGradient[index] * dropout4(index, 0u);
  tableRows[params.firstRow * params.quads + index] = params.factor * d;
  if (params.positioned == 1u) { positionRows[index] = d; }
}
