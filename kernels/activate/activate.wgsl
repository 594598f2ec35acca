// A thread per quad.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  let row = index / params.quads;
  if (row >= params.rows) { return; }
  let quad = index % params.quads;
  var y = activation(input[params.inputOffset + row * params.inputStride + quad]) * dropout4(index, 0u);
  if (params.added == 1u) { y += residual[index]; }
  output[params.outputOffset + row * params.outputStride + quad] = y;
}
