@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (index >= params.tokens * params.quads) { return; }
  let part = (params.tokens + 63u) / 64u * 64u * params.quads;
  var sum = workspace[index];
  for (var chunk = 1u; chunk < params.chunks; chunk++) { sum += workspace[chunk * part + index]; }
  hiddenGradient[params.firstToken * params.quads + index] = sum;
}
