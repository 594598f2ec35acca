const UNSCALE = 5u;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (index >= params.rows * params.quads) { return; }
  let unscale = scalars[UNSCALE * params.quads + index % params.quads];
  report_non_finite(unscale, 0u);
  var result = unscale * (params.factor * solution[index]);
  if (params.keep != 0.0) { result += params.keep * output[index]; }
  report_non_finite(result, 0u);
  output[index] = result;
}
