// A workgroup reduces the blocks of one quad: there are thousands of blocks, and few quads.
const SCALE = 0u;
const START = 1u;
const STEP = 2u;
const DIRECTION = 3u;
const CHECK = 4u;
const RUNAWAY = 3e38;
var<workgroup> sums: array<vec4f, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let quad = linear_workgroup(id, count);
  let live = params.phase < STEP || atomicLoad(&turns[0]) >= params.turn;
  var sum = vec4f(0.0);
  if (quad < params.quads && live && params.phase != CHECK) {
    for (var block = lane; block < params.blocks; block += WORKGROUP_SIZE) {
      sum = combined(sum, partials[block * params.quads + quad]);
    }
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] = combined(sums[lane], sums[lane + half]); }
    workgroupBarrier();
  }
  if (lane > 0u || quad >= params.quads || !live) { return; }
  sum = sums[0];

  let residual = quad;
  let threshold = params.quads + quad;
  let alpha = 2u * params.quads + quad;
  let beta = 3u * params.quads + quad;
  let scale = 4u * params.quads + quad;
  let unscale = 5u * params.quads + quad;
  let open = scalars[residual] > scalars[threshold];
  if (params.phase == SCALE) {
    let bits = bitcast<vec4u>(sum);
    let exponent = bits >> vec4u(23u);
    let inverse = clamp(exponent, vec4u(1u), vec4u(253u));
    scalars[scale] = bitcast<vec4f>((vec4u(254u) - inverse) << vec4u(23u));
    scalars[unscale] = bitcast<vec4f>(select(inverse << vec4u(23u), bits, exponent == vec4u(255u)));
  } else if (params.phase == START) {
    let bound = params.tolerance * params.tolerance * sum;
    scalars[residual] = sum;
    scalars[threshold] = bound;
    if (any(sum > bound)) { atomicStore(&turns[0], 1u); }
  } else if (params.phase == STEP) {
    // The divisor of a column that is through may be 0: select takes no branch, so give it a harmless one.
    let moves = open & (sum != vec4f(0.0));
    scalars[alpha] = select(vec4f(0.0), scalars[residual] / select(vec4f(1.0), sum, moves), moves);
  } else if (params.phase == DIRECTION) {
    let infinite = (bitcast<vec4u>(sum) & vec4u(0x7f800000u)) == vec4u(0x7f800000u);
    let after = select(sum, vec4f(RUNAWAY), infinite & open);
    scalars[beta] = select(vec4f(0.0), after / select(vec4f(1.0), scalars[residual], open), open);
    scalars[residual] = after;
    if (any(after > scalars[threshold])) { atomicStore(&turns[0], params.turn + 1u); }
  } else if (atomicLoad(&status[0]) == 0u) {
    atomicStore(&status[0], params.step);
  }
}

fn combined(a: vec4f, b: vec4f) -> vec4f {
  if (params.phase == SCALE) { return bitcast<vec4f>(max(bitcast<vec4u>(a), bitcast<vec4u>(b))); }
  return a + b;
}
