const BETA = 3u;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (index >= params.rows * params.quads || turns[0] < params.turn) { return; }
  let beta = scalars[BETA * params.quads + index % params.quads];
  direction[index] = residual[index] + beta * direction[index];
}
