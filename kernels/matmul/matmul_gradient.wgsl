// A workgroup makes 16 x 16 outputs: sixteen lanes, 4 x 4 outputs each, for each of sixteen slices of the rows, summed at
// the end. The rows come through workgroup memory 128 at a time.
const QUADS = 4u;
const SLICES = 16u;
const CHUNK = 128u;
const X_TILE = 512u;
var<workgroup> tile: array<vec4f, 1024>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = linear_workgroup(id, count);
  let y_quads = params.n / 4u;
  let x_quads = params.k / 4u;
  let across = (x_quads + QUADS - 1u) / QUADS;
  let first_y = group / across * QUADS;
  let first_x = group % across * QUADS;
  let slice = lane / 16u;
  let place = lane % 16u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var column_sum = vec4f(0.0);
  for (var first = 0u; first < params.m; first += CHUNK) {
    for (var at = lane; at < X_TILE; at += WORKGROUP_SIZE) {
      let row = first + at / QUADS;
      let y_quad = first_y + at % QUADS;
      let x_quad = first_x + at % QUADS;
      var value = vec4f(0.0);
      if (row < params.m && y_quad < y_quads) { value = y[params.yOffset + row * params.yStride + y_quad]; }
      tile[at] = value;
      value = vec4f(0.0);
      if (row < params.m && x_quad < x_quads) { value = x[params.xOffset + row * params.xStride + x_quad]; }
      tile[X_TILE + at] = value;
    }
    workgroupBarrier();
    for (var row = slice; row < CHUNK; row += SLICES) {
      let of_y = tile[row * QUADS + place / QUADS];
      let of_x = tile[X_TILE + row * QUADS + place % QUADS];
      sum0 += of_y.x * of_x;
      sum1 += of_y.y * of_x;
      sum2 += of_y.z * of_x;
      sum3 += of_y.w * of_x;
      column_sum += of_y;
    }
    workgroupBarrier();
  }

  let slot = slice * 16u + place;
  tile[slot] = sum0;
  tile[256u + slot] = sum1;
  tile[512u + slot] = sum2;
  tile[768u + slot] = sum3;
  workgroupBarrier();
  if (lane < 64u) {
    let row = lane / QUADS;
    let y_quad = first_y + row / 4u;
    let x_quad = first_x + lane % QUADS;
    var sum = vec4f(0.0);
    for (var at = 0u; at < SLICES; at++) {
      sum += tile[row % 4u * 256u + at * 16u + row / 4u * QUADS + lane % QUADS];
    }
    if (y_quad < y_quads && x_quad < x_quads) {
      gradient[params.weightOffset + (first_y * 4u + row) * x_quads + x_quad] = sum;
    }
  }
  workgroupBarrier();
  if (place % QUADS == 0u) { tile[slice * QUADS + place / QUADS] = column_sum; }
  workgroupBarrier();
  if (params.biased == 1u && first_x == 0u && lane < QUADS && first_y + lane < y_quads) {
    var sum = vec4f(0.0);
    for (var at = 0u; at < SLICES; at++) { sum += tile[at * QUADS + lane]; }
    gradient[params.biasOffset + first_y + lane] = sum;
  }
}
