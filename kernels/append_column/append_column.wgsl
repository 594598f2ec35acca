// A lane for each quad of the output.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  let row = at / (params.quads + 1u);
  let quad = at % (params.quads + 1u);
  if (row >= params.rows) { return; }
  if (quad < params.quads) {
    output[at] = input[row * params.quads + quad];
    return;
  }
  var appended = params.value;
  if (params.given == 1u) { appended = column[params.first + row]; }
  output[at] = vec4f(appended, 0.0, 0.0, 0.0);
}
