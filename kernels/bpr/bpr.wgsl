// Sixteen lanes to a sample: two dot products by a tree in workgroup memory, then the three gradient rows.
const LANES = 16u;
const SAMPLES = 16u;
var<workgroup> differences: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let sample = linear_workgroup(id, count) * SAMPLES + lane / LANES;
  let first = lane % LANES;
  let owned = sample < params.samples;
  var user = 0u;
  var positive = 0u;
  var negative = 0u;
  var part = 0.0;
  if (owned) {
    user = (params.firstUser + users[sample]) * params.quads;
    positive = (params.firstItem + positives[sample]) * params.quads;
    negative = (params.firstItem + negatives[sample]) * params.quads;
    for (var quad = first; quad < params.quads; quad += LANES) {
      part += dot(userTable[user + quad], itemTable[negative + quad] - itemTable[positive + quad]);
    }
  }
  differences[lane] = part;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (first < half) { differences[lane] += differences[lane + half]; }
    workgroupBarrier();
  }
  if (!owned) { return; }

  let difference = differences[lane - first];
  // Of exp(d) and exp(-d), only the one that cannot overflow.
  let e = exp(-abs(difference));
  if (first == 0u) { losses[sample] = max(difference, 0.0) + log(1.0 + e); }
  let slope = select(e, 1.0, difference >= 0.0) / (1.0 + e) / f32(params.samples);
  for (var quad = first; quad < params.quads; quad += LANES) {
    let u = userTable[user + quad];
    userGradient[sample * params.quads + quad] = slope * (itemTable[negative + quad] - itemTable[positive + quad]);
    itemGradient[sample * params.quads + quad] = -slope * u;
    itemGradient[(params.samples + sample) * params.quads + quad] = slope * u;
  }
}
