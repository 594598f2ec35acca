@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  let place = index / params.quads;
  if (place >= params.count) { return; }
  let to = panel_place(rows[place], index % params.quads, params.outputRows, params.quads, params.panel);
  var result = vec4f(0.0);
  if (params.factor != 0.0) { result = params.factor * input[index]; }
  if (params.keep != 0.0) { result += params.keep * output[to]; }
  output[to] = result;
}
