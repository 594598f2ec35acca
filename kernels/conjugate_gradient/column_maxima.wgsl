// Magnitudes are compared by their bits, in which infinity is above all numbers and NaN above infinity.
const BLOCK_ROWS = 256u;
var<workgroup> maxima: array<vec4u, 256>;

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
    var maximum = vec4u(0u);
    if (lane / lanes < groups && quad < params.quads) {
      for (var row = begin + lane / lanes; row < end; row += groups) {
        maximum = max(maximum, bitcast<vec4u>(input[row * params.quads + quad]) & vec4u(0x7fffffffu));
      }
    }
    maxima[lane] = maximum;
    workgroupBarrier();
    if (lane < lanes && quad < params.quads && begin < params.rows) {
      for (var group = 1u; group < groups; group++) { maximum = max(maximum, maxima[group * lanes + lane]); }
      partials[block * params.quads + quad] = bitcast<vec4f>(maximum);
    }
    workgroupBarrier();
  }
}
