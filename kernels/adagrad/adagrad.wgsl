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

  var g = row_gradient(row, quad);
  report_non_finite(g, 0u);
  g = clip(g);

  let at = params.firstRow * params.quads + index;
  g += params.weightDecay * parameter[at];
  let v = moment2[at] + g * g;
  report_non_finite(v, 1u);
  moment2[at] = v;
  var d = g / (sqrt(v) + params.epsilon);
  if (params.direct == 1u) {
    let moved = parameter[at] - params.learningRate * d;
    report_non_finite(moved, 1u);
    parameter[at] = moved;
  } else {
    if (params.scaled == 1u) { d *= scales[params.firstRow + row]; }
    direction[panel_place(params.firstRow + row, quad, params.stackRows, params.quads, params.panel)] = d;
  }
}
