const START = 0u;
const STEP = 1u;
const DIRECTION = 2u;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let quad = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (quad >= params.quads) { return; }
  let residual = quad;
  let threshold = params.quads + quad;
  let alpha = 2u * params.quads + quad;
  let beta = 3u * params.quads + quad;
  let open = scalars[residual] > scalars[threshold];

  if (params.phase > DIRECTION) {
    if (any(open) && atomicLoad(&status[0]) == 0u) { atomicStore(&status[0], params.step); }
    return;
  }
  var sum = vec4f(0.0);
  for (var block = 0u; block < params.blocks; block++) { sum += partials[block * params.quads + quad]; }
  if (params.phase == START) {
    scalars[residual] = sum;
    scalars[threshold] = params.tolerance * params.tolerance * sum;
  } else if (params.phase == STEP) {
    // The divisor of a column that is through may be 0: select takes no branch, so give it a harmless one.
    let moves = open & (sum != vec4f(0.0));
    scalars[alpha] = select(vec4f(0.0), scalars[residual] / select(vec4f(1.0), sum, moves), moves);
  } else {
    scalars[beta] = select(vec4f(0.0), sum / select(vec4f(1.0), scalars[residual], open), open);
    scalars[residual] = sum;
  }
}
