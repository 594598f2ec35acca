// A workgroup sums the blocks of one quad: there are thousands of blocks, and few quads.
const START = 0u;
const STEP = 1u;
const DIRECTION = 2u;
var<workgroup> sums: array<vec4f, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let quad = linear_workgroup(id, count);
  var sum = vec4f(0.0);
  if (quad < params.quads && params.phase <= DIRECTION) {
    for (var block = lane; block < params.blocks; block += WORKGROUP_SIZE) {
      sum += partials[block * params.quads + quad];
    }
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane > 0u || quad >= params.quads) { return; }
  sum = sums[0];

  let residual = quad;
  let threshold = params.quads + quad;
  let alpha = 2u * params.quads + quad;
  let beta = 3u * params.quads + quad;
  let open = scalars[residual] > scalars[threshold];
  if (params.phase == START) {
    scalars[residual] = sum;
    scalars[threshold] = params.tolerance * params.tolerance * sum;
  } else if (params.phase == STEP) {
    // The divisor of a column that is through may be 0: select takes no branch, so give it a harmless one.
    let moves = open & (sum != vec4f(0.0));
    scalars[alpha] = select(vec4f(0.0), scalars[residual] / select(vec4f(1.0), sum, moves), moves);
  } else if (params.phase == DIRECTION) {
    scalars[beta] = select(vec4f(0.0), sum / select(vec4f(1.0), scalars[residual], open), open);
    scalars[residual] = sum;
  } else if (any(open) && atomicLoad(&status[0]) == 0u) {
    atomicStore(&status[0], params.step);
  }
}
