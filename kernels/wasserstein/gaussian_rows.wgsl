// Sixteen lanes to a row: the elements side by side, and their squares by a tree in workgroup memory.
const LANES = 16u;
const ROWS = 16u;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(id, count) * ROWS + lane / LANES;
  let first = lane % LANES;
  let owned = row < params.rows;
  let is_query = params.query == 1u;
  let factor = select(2.0, 1.0, is_query);
  let to = row * (2u * params.quads + 1u);
  var part = 0.0;
  if (owned) {
    for (var quad = first; quad < params.quads; quad += LANES) {
      let m = mean[params.meanOffset + row * params.meanStride + quad];
      var c = cov[params.covOffset + row * params.covStride + quad];
      if (!is_query) { c = covariance(c); }
      let r = root(c);
      output[to + quad] = factor * m;
      output[to + params.quads + quad] = factor * r;
      part += dot(m, m) + dot(r, r);
    }
  }
  sums[lane] = part;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (first < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (owned && first == 0u) {
    let square = -sums[lane];
    output[to + 2u * params.quads] = select(vec4f(square, 1.0, 0.0, 0.0), vec4f(1.0, square, 0.0, 0.0), is_query);
  }
}
