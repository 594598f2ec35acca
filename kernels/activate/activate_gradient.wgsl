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
  let at = params.inputOffset + row * params.inputStride + quad;
  var d = outputGradient[params.outputOffset + row * params.outputStride + quad] * dropout4(index, 0u);
  if (params.kind != 0u) { d *= activation_slope(input[at]); }
  if (params.accumulate == 1u) { d += inputGradient[at]; }
  inputGradient[at] = d;
}
