// Sixteen quads of columns to a workgroup, sixteen lanes over the rows of each, and a tree in workgroup memory.
const QUADS = 16u;
const LANES = 16u;
const RANGE_WORDS = 5u;
const MATRIX_WORDS = 3u;
var<workgroup> sums: array<vec4f, 256>;

// The last range that begins at or before a tile.
fn range_of(tile: u32) -> u32 {
  var low = 0u;
  var high = params.ranges;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (plan[middle * RANGE_WORDS] <= tile) { low = middle; } else { high = middle; }
  }
  return low;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = linear_workgroup(id, count);
  if (tile >= params.tiles) { return; }
  let range = range_of(tile) * RANGE_WORDS;
  let quad = (tile - plan[range]) * QUADS + lane % QUADS;
  let owned = quad < plan[range + 2u];
  var sum = vec4f(0.0);
  if (owned) {
    let matrices = (params.ranges + 1u) * RANGE_WORDS;
    for (var at = plan[range + 4u]; at < plan[range + RANGE_WORDS + 4u]; at++) {
      let matrix = matrices + at * MATRIX_WORDS;
      for (var row = lane / QUADS; row < plan[matrix + 2u]; row += LANES) {
        sum += input[plan[matrix] + row * plan[matrix + 1u] + quad];
      }
    }
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half * QUADS) { sums[lane] += sums[lane + half * QUADS]; }
    workgroupBarrier();
  }
  if (lane >= QUADS || !owned) { return; }
  let place = plan[range + 1u] + quad;
  var total = sums[lane];
  if (plan[range + 3u] == 1u) { total += output[place]; }
  output[place] = total;
}
