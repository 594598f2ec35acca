// A workgroup sums a block of rows, each lane every 256th of its quads, and a tree in workgroup memory.
const BLOCK_ROWS = 64u;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = linear_workgroup(id, count);
  let first = block * BLOCK_ROWS;
  let rows = min(BLOCK_ROWS, params.rows - min(first, params.rows));
  var sum = 0.0;
  for (var at = lane; at < rows * params.quads; at += WORKGROUP_SIZE) {
    let g = row_gradient(first + at / params.quads, at % params.quads);
    sum += dot(g, g);
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u && rows > 0u) { partials[params.firstPartial + block] = sums[0]; }
}
