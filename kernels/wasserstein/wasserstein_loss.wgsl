// Sixteen lanes to a token: three distances by a tree in workgroup memory, then the gradient rows.
const LANES = 16u;
const SAMPLES = 16u;
var<workgroup> sums: array<vec3f, 256>;

fn squared(x: vec4f) -> f32 { return dot(x, x); }

// Twice the derivative of the root of a covariance c itself.
fn slope(c: vec4f) -> vec4f { return select(vec4f(0.0), 1.0 / root(c), c > vec4f(LEAST)); }

// Twice the derivative of root(covariance(x)) by x.
fn table_slope(x: vec4f) -> vec4f {
  let c = covariance(x);
  return slope(c) * select(c, vec4f(1.0), x > vec4f(0.0));
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let sample = linear_workgroup(id, count) * SAMPLES + lane / LANES;
  let first = lane % LANES;
  let owned = sample < params.samples;
  let quads = params.quads;
  let at = sample * 2u * quads;
  var positive = 0u;
  var negative = 0u;
  var part = vec3f(0.0);
  if (owned) {
    positive = ids[sample] * quads;
    negative = ids[params.samples + sample] * quads;
    for (var quad = first; quad < quads; quad += LANES) {
      let mh = hidden[at + quad];
      let mp = meanTable[positive + quad];
      let mn = meanTable[negative + quad];
      let rh = root(hidden[at + quads + quad]);
      let rp = root(covariance(covTable[positive + quad]));
      let rn = root(covariance(covTable[negative + quad]));
      part += vec3f(
        squared(mh - mp) + squared(rh - rp),
        squared(mh - mn) + squared(rh - rn),
        squared(mp - mn) + squared(rp - rn),
      );
    }
  }
  sums[lane] = part;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (first < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (!owned) { return; }

  let distances = sums[lane - first];
  let a = distances.x;
  let b = distances.y;
  let c = distances.z;
  // Of exp(d) and exp(-d), only the one that cannot overflow.
  let e = exp(-abs(a - b));
  if (first == 0u) { losses[sample] = max(a - b, 0.0) + log(1.0 + e) + params.pvn * max(a - c, 0.0); }
  let s = select(e, 1.0, a >= b) / (1.0 + e) / f32(params.samples);
  let v = select(0.0, params.pvn, a > c) / f32(params.samples);
  let positive_row = (params.firstGradient + sample) * quads;
  let negative_row = positive_row + params.samples * quads;
  for (var quad = first; quad < quads; quad += LANES) {
    let mh = hidden[at + quad];
    let mp = meanTable[positive + quad];
    let mn = meanTable[negative + quad];
    let hp = (s + v) * (mh - mp);
    let hn = s * (mh - mn);
    let pn = v * (mp - mn);
    hiddenGradient[at + quad] = 2.0 * (hp - hn);
    meanRows[positive_row + quad] = -2.0 * (hp + pn);
    meanRows[negative_row + quad] = 2.0 * (hn + pn);
    let ch = hidden[at + quads + quad];
    let xp = covTable[positive + quad];
    let xn = covTable[negative + quad];
    let rh = root(ch);
    let rp = root(covariance(xp));
    let rn = root(covariance(xn));
    let root_hp = (s + v) * (rh - rp);
    let root_hn = s * (rh - rn);
    let root_pn = v * (rp - rn);
    hiddenGradient[at + quads + quad] = (root_hp - root_hn) * slope(ch);
    covRows[positive_row + quad] = -(root_hp + root_pn) * table_slope(xp);
    covRows[negative_row + quad] = (root_hn + root_pn) * table_slope(xn);
  }
}
