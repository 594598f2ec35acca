@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (index >= params.quads) { return; }
  var result = params.scale * input[index];
  if (params.keep != 0.0) { result += params.keep * output[index]; }
  output[index] = result;
}
