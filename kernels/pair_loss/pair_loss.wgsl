// Sixteen lanes to a sample: two dot products by a tree in workgroup memory, then the three gradient rows.
const LANES = 16u;
const SAMPLES = 16u;
// u.n - u.p and nothing, or pointwise -u.p and u.n: what softplus is taken of.
var<workgroup> sums: array<vec2f, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let sample = linear_workgroup(id, count) * SAMPLES + lane / LANES;
  let first = lane % LANES;
  let owned = sample < params.samples;
  let pointwise = params.pointwise == 1u;
  var user = 0u;
  var positive = 0u;
  var negative = 0u;
  var part = vec2f(0.0);
  if (owned) {
    var row = sample;
    if (params.indexed == 1u) { row = users[sample]; }
    user = (params.firstUser + row) * params.quads;
    positive = (params.firstItem + positives[sample]) * params.quads;
    negative = (params.firstItem + negatives[sample]) * params.quads;
    for (var quad = first; quad < params.quads; quad += LANES) {
      let u = userTable[user + quad];
      let p = itemTable[positive + quad];
      let n = itemTable[negative + quad];
      if (pointwise) { part += vec2f(-dot(u, p), dot(u, n)); } else { part.x += dot(u, n - p); }
    }
  }
  sums[lane] = part;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (first < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (!owned) { return; }

  let x = sums[lane - first];
  // Of exp(x) and exp(-x), only the one that cannot overflow.
  let e = exp(-abs(x));
  if (first == 0u) {
    let terms = max(x, vec2f(0.0)) + log(1.0 + e);
    losses[sample] = select(terms.x, terms.x + terms.y, pointwise);
  }
  let slopes = select(e, vec2f(1.0), x >= vec2f(0.0)) / (1.0 + e) / f32(params.samples);
  let positive_row = (params.firstGradient + sample) * params.quads;
  let negative_row = positive_row + params.samples * params.quads;
  for (var quad = first; quad < params.quads; quad += LANES) {
    let u = userTable[user + quad];
    let p = itemTable[positive + quad];
    let n = itemTable[negative + quad];
    var gradient = slopes.x * (n - p);
    if (pointwise) { gradient = slopes.y * n - slopes.x * p; }
    userGradient[sample * params.quads + quad] = gradient;
    itemGradient[positive_row + quad] = -slopes.x * u;
    itemGradient[negative_row + quad] = select(slopes.x, slopes.y, pointwise) * u;
  }
}
