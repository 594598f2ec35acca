// A group of lanes owns a row, a lane every group-th quad of it: whether a row is idle is known only once all of its
// gradient has been seen.
var<workgroup> busy: array<atomic<u32>, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let lanes = min(params.quads, WORKGROUP_SIZE);
  let groups = WORKGROUP_SIZE / lanes;
  let group = lane / lanes;
  let row = linear_workgroup(id, count) * groups + group;
  let first = lane % lanes;
  let owned = group < groups && row < params.rows;

  if (owned) {
    for (var quad = first; quad < params.quads; quad += lanes) {
      let g = row_gradient(row, quad);
      report_non_finite(g, 0u);
      // By bits: a NaN counts as busy, whatever the driver makes of comparisons with it.
      if (any((bitcast<vec4u>(g) & vec4u(0x7fffffffu)) != vec4u(0u))) { atomicOr(&busy[group], 1u); }
    }
  }
  workgroupBarrier();
  if (!owned) { return; }

  let idle = params.correct == 1u && atomicLoad(&busy[group]) == 0u;
  if (idle && params.direct == 0u && params.refresh == 0u) { return; }
  var scale = 1.0;
  if (params.scaled == 1u) { scale = scales[params.firstRow + row]; }
  for (var quad = first; quad < params.quads; quad += lanes) {
    let at = (params.firstRow + row) * params.quads + quad;
    var m = moment1[at];
    var v = moment2[at];
    if (!idle) {
      var g = clip(row_gradient(row, quad));
      if (params.coupled == 1u) { g += params.weightDecay * parameter[at]; }
      m += params.gain1 * (g - m);
      v += params.gain2 * (g * g - v);
      report_non_finite(m, 1u);
      report_non_finite(v, 1u);
      moment1[at] = m;
      moment2[at] = v;
    }
    let d = m / (sqrt(v) + params.epsilon);
    if (params.direct == 0u) {
      direction[panel_place(params.firstRow + row, quad, params.stackRows, params.quads, params.panel)] = scale * d;
    } else {
      var keep = 1.0;
      if (params.coupled == 0u) { keep = 1.0 - params.learningRate * params.weightDecay; }
      let moved = keep * parameter[at] - params.learningRate * d;
      report_non_finite(moved, 1u);
      parameter[at] = moved;
    }
  }
}
