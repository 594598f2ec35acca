// A workgroup makes 64 x 64 outputs, a lane 4 x 4 of them, from tiles of four quads along k. Strides of the tiles are such
// that neighbouring lanes meet different banks.
const TILE = 64u;
const DEPTH = 4u;
const A_STRIDE = 66u;
const B_STRIDE = 70u;
const B_ROW = 17u;
var<workgroup> a_tile: array<vec4f, 264>;
var<workgroup> b_tile: array<vec4f, 280>;

fn finish(row: u32, quad: u32, sum: vec4f) {
  let quads = params.n / 4u;
  if (row >= params.m || quad >= quads) { return; }
  let at = params.cOffset + row * params.cStride + quad;
  var result = sum;
  if (params.biased == 1u) { result += bias[params.biasOffset + quad]; }
  if (params.added == 1u) { result += addend[row * quads + quad]; }
  if (params.accumulate == 1u) { result += c[at]; }
  c[at] = result;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = linear_workgroup(id, count);
  let across = (params.n + TILE - 1u) / TILE;
  let first_row = group / across * TILE;
  let first_column = group % across * TILE;
  let quads = params.k / 4u;
  let y = lane / 16u;
  let x = lane % 16u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var first = 0u; first < quads; first += DEPTH) {
    let line = lane / DEPTH;
    let step = lane % DEPTH;
    let row = first_row + line;
    let quad = first + step;
    var value = vec4f(0.0);
    if (row < params.m && quad < quads) { value = a[params.aOffset + row * params.aStride + quad]; }
    a_tile[step * A_STRIDE + line] = value;
    // Slot (q, i, x) is for lanes x: quad q along k of their column i where b is transposed, and their column quad
    // at depth 4 q + i where it is not.
    value = vec4f(0.0);
    if (params.transposed == 1u) {
      let column = first_column + line;
      if (column < params.n && quad < quads) { value = b[params.bOffset + column * params.bStride + quad]; }
      b_tile[step * B_STRIDE + line % 4u * B_ROW + line / 4u] = value;
    } else {
      let depth = first * 4u + y;
      let column_quad = first_column / 4u + x;
      if (depth < params.k && column_quad < params.n / 4u) {
        value = b[params.bOffset + depth * params.bStride + column_quad];
      }
      b_tile[y / 4u * B_STRIDE + y % 4u * B_ROW + x] = value;
    }
    workgroupBarrier();
    for (var q = 0u; q < DEPTH; q++) {
      let from_b = q * B_STRIDE + x;
      var panel = mat4x4f(
        b_tile[from_b],
        b_tile[from_b + B_ROW],
        b_tile[from_b + 2u * B_ROW],
        b_tile[from_b + 3u * B_ROW],
      );
      if (params.transposed == 1u) { panel = transpose(panel); }
      let from_a = q * A_STRIDE + y * 4u;
      sum0 += panel * a_tile[from_a];
      sum1 += panel * a_tile[from_a + 1u];
      sum2 += panel * a_tile[from_a + 2u];
      sum3 += panel * a_tile[from_a + 3u];
    }
    workgroupBarrier();
  }
  let row = first_row + y * 4u;
  let quad = first_column / 4u + x;
  finish(row, quad, sum0);
  finish(row + 1u, quad, sum1);
  finish(row + 2u, quad, sum2);
  finish(row + 3u, quad, sum3);
}
