// A workgroup per block of rows. First sixteen lanes to a row, sixteen rows at a time: two sums by a tree, then the row of
// the input's gradient. Then lanes over columns, and as many groups of them over the rows of the block as there is room
// for.
const LANES = 16u;
const ROWS = 16u;
var<workgroup> sums: array<vec2f, 256>;
var<workgroup> weight_sums: array<vec4f, 256>;
var<workgroup> bias_sums: array<vec4f, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = linear_workgroup(id, count);
  let begin = block * params.blockRows;
  let end = min(begin + params.blockRows, params.rows);
  let columns = f32(4u * params.quads);
  for (var step = 0u; step < params.blockRows; step += ROWS) {
    let row = begin + step + lane / LANES;
    let first = lane % LANES;
    let at = row * params.quads;
    let quads = select(0u, params.quads, row < end);
    var mean = 0.0;
    var inverse = 0.0;
    if (row < end) {
      mean = statistics[2u * row];
      inverse = statistics[2u * row + 1u];
    }
    var part = vec2f(0.0);
    for (var quad = first; quad < quads; quad += LANES) {
      let g = outputGradient[at + quad] * parameters[params.weightOffset + quad];
      let x = (input[at + quad] - mean) * inverse;
      part += vec2f(dot(g, vec4f(1.0)), dot(g, x));
    }
    sums[lane] = part;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
      if (first < half) { sums[lane] += sums[lane + half]; }
      workgroupBarrier();
    }
    let means = sums[lane - first] / columns;
    workgroupBarrier();
    for (var quad = first; quad < quads; quad += LANES) {
      let g = outputGradient[at + quad] * parameters[params.weightOffset + quad];
      let x = (input[at + quad] - mean) * inverse;
      var d = inverse * (g - means.x - x * means.y);
      if (params.accumulate == 1u) { d += inputGradient[at + quad]; }
      inputGradient[at + quad] = d;
    }
  }

  let lanes = min(params.quads, WORKGROUP_SIZE);
  let groups = WORKGROUP_SIZE / lanes;
  for (var first = 0u; first < params.quads; first += lanes) {
    let quad = first + lane % lanes;
    var weight_sum = vec4f(0.0);
    var bias_sum = vec4f(0.0);
    if (lane / lanes < groups && quad < params.quads) {
      for (var row = begin + lane / lanes; row < end; row += groups) {
        let d = outputGradient[row * params.quads + quad];
        weight_sum += d * (input[row * params.quads + quad] - statistics[2u * row]) * statistics[2u * row + 1u];
        bias_sum += d;
      }
    }
    weight_sums[lane] = weight_sum;
    bias_sums[lane] = bias_sum;
    workgroupBarrier();
    if (lane < lanes && quad < params.quads && begin < end) {
      for (var group = 1u; group < groups; group++) {
        weight_sum += weight_sums[group * lanes + lane];
        bias_sum += bias_sums[group * lanes + lane];
      }
      let place = params.partialOffset + 2u * block * params.quads + quad;
      partial[place] = weight_sum;
      partial[place + params.quads] = bias_sum;
    }
    workgroupBarrier();
  }
}
