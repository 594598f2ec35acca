const BLOCK_ROWS = 256u;
const SCALE = 4u;
var<workgroup> sums: array<vec4f, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = linear_workgroup(id, count);
  let lanes = min(params.quads, WORKGROUP_SIZE);
  let groups = WORKGROUP_SIZE / lanes;
  let begin = block * BLOCK_ROWS;
  let end = min(begin + BLOCK_ROWS, params.rows);
  for (var first = 0u; first < params.quads; first += lanes) {
    let quad = first + lane % lanes;
    var sum = vec4f(0.0);
    if (lane / lanes < groups && quad < params.quads) {
      let scale = scalars[SCALE * params.quads + quad];
      for (var row = begin + lane / lanes; row < end; row += groups) {
        let at = row * params.quads + quad;
        let r = scale * input[at];
        solution[at] = vec4f(0.0);
        residual[at] = r;
        direction[at] = r;
        sum += r * r;
      }
    }
    sums[lane] = sum;
    workgroupBarrier();
    if (lane < lanes && quad < params.quads && begin < params.rows) {
      for (var group = 1u; group < groups; group++) { sum += sums[group * lanes + lane]; }
      partials[block * params.quads + quad] = sum;
    }
    workgroupBarrier();
  }
}
