const LEAST_NORMAL = vec4f(0x1p-126f);

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
  let m = moment1[at];
  let mean = params.beta1 * m + params.gain1 * g;
  let kept = params.beta2 * m + params.gain2 * g;
  report_non_finite(kept, 1u);
  moment1[at] = kept;
  let up = select(vec4f(0.0), vec4f(1.0), mean >= LEAST_NORMAL);
  let down = select(vec4f(0.0), vec4f(1.0), mean <= -LEAST_NORMAL);
  var d = up - down;
  if (params.direct == 1u) {
    let keep = 1.0 - params.learningRate * params.weightDecay;
    let moved = keep * parameter[at] - params.learningRate * d;
    report_non_finite(moved, 1u);
    parameter[at] = moved;
  } else {
    if (params.scaled == 1u) { d *= scales[params.firstRow + row]; }
    direction[panel_place(params.firstRow + row, quad, params.stackRows, params.quads, params.panel)] = d;
  }
}
