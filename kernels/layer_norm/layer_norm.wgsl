// Sixteen lanes to a row: its sum and its sum of squares by trees in workgroup memory.
const LANES = 16u;
const ROWS = 16u;
var<workgroup> sums: array<f32, 256>;

fn row_sum(part: f32, lane: u32) -> f32 {
  sums[lane] = part;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane % LANES < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  let sum = sums[lane / LANES * LANES];
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(id, count) * ROWS + lane / LANES;
  let first = lane % LANES;
  let at = row * params.quads;
  let columns = f32(4u * params.quads);
  // A lane without a row goes along with no columns, as all must meet at the barriers.
  let quads = select(0u, params.quads, row < params.rows);

  var part = vec4f(0.0);
  for (var quad = first; quad < quads; quad += LANES) { part += input[at + quad]; }
  let mean = row_sum(dot(part, vec4f(1.0)), lane) / columns;
  part = vec4f(0.0);
  for (var quad = first; quad < quads; quad += LANES) {
    let x = input[at + quad] - mean;
    part += x * x;
  }
  let inverse = 1.0 / sqrt(row_sum(dot(part, vec4f(1.0)), lane) / columns + params.epsilon);
  if (quads > 0u && first == 0u) {
    statistics[2u * row] = mean;
    statistics[2u * row + 1u] = inverse;
  }
  for (var quad = first; quad < quads; quad += LANES) {
    let x = (input[at + quad] - mean) * inverse;
    output[at + quad] = x * parameters[params.weightOffset + quad] + parameters[params.biasOffset + quad];
  }
}
