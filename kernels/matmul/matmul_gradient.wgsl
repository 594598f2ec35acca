// The first workgroups make the gradient of the weight, the others that of x: both read y.
//
// A workgroup makes 16 x 16 outputs of the former from the rows of its slice: sixteen lanes, 4 x 4 outputs each, for each
// of sixteen parts of the rows, summed at the end. The rows come through workgroup memory 128 at a time.
const QUADS = 4u;
const PARTS = 16u;
const CHUNK = 128u;
const X_TILE = 512u;

fn weight_gradient(group: u32, lane: u32) {
  let y_quads = params.n / 4u;
  let x_quads = params.k / 4u;
  let across = (x_quads + QUADS - 1u) / QUADS;
  let tiles = (y_quads + QUADS - 1u) / QUADS * across;
  let slice = group / tiles;
  let slice_rows = (params.m + params.slices - 1u) / params.slices;
  let begin = min(slice * slice_rows, params.m);
  let end = min(begin + slice_rows, params.m);
  let first_y = group % tiles / across * QUADS;
  let first_x = group % across * QUADS;
  let part = lane / 16u;
  let place = lane % 16u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var column_sum = vec4f(0.0);
  for (var first = begin; first < end; first += CHUNK) {
    let rows = min(CHUNK, end - first);
    for (var at = lane; at < rows * QUADS; at += WORKGROUP_SIZE) {
      let row = first + at / QUADS;
      let y_quad = first_y + at % QUADS;
      let x_quad = first_x + at % QUADS;
      var value = vec4f(0.0);
      if (y_quad < y_quads) { value = y[params.yOffset + row * params.yStride + y_quad]; }
      tile[at] = value;
      value = vec4f(0.0);
      if (x_quad < x_quads) { value = x[params.xOffset + row * params.xStride + x_quad]; }
      tile[X_TILE + at] = value;
    }
    workgroupBarrier();
    for (var row = part; row < rows; row += PARTS) {
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

  let place_of_slice = slice * params.sliceStride;
  let slot = part * 16u + place;
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
    for (var at = 0u; at < PARTS; at++) {
      sum += tile[row % 4u * 256u + at * 16u + row / 4u * QUADS + lane % QUADS];
    }
    if (y_quad < y_quads && x_quad < x_quads) {
      gradient[place_of_slice + params.gradientOffset + (first_y * 4u + row) * x_quads + x_quad] = sum;
    }
  }
  workgroupBarrier();
  if (place % QUADS == 0u) { tile[part * QUADS + place / QUADS] = column_sum; }
  workgroupBarrier();
  if (params.biased == 1u && first_x == 0u && lane < QUADS && first_y + lane < y_quads) {
    var sum = vec4f(0.0);
    for (var at = 0u; at < PARTS; at++) { sum += tile[at * QUADS + lane]; }
    gradient[place_of_slice + params.biasOffset + first_y + lane] = sum;
  }
}

fn finish(row: u32, quad: u32, sum: vec4f) {
  if (row >= params.m || quad >= params.k / 4u) { return; }
  let at = params.xOffset + row * params.xStride + quad;
  var result = sum;
  if (params.accumulate == 1u) { result += xGradient[at]; }
  xGradient[at] = result;
}

fn x_gradient(group: u32, lane: u32) {
  let rows = tile_rows(params.m, params.k);
  let across = (params.k + TILE - 1u) / TILE;
  let first_row = group / across * rows;
  let column_quad = group % across * (TILE / 4u) + lane % 16u;
  let quads = params.n / 4u;
  let line = lane / DEPTH;
  let step = lane % DEPTH;
  let of_b = lane / 16u;
  var sums = mat4x4f();
  for (var first = 0u; first < quads; first += DEPTH) {
    let row = first_row + line;
    let quad = first + step;
    let depth = first * 4u + of_b;
    var value = vec4f(0.0);
    if (line < rows && row < params.m && quad < quads) { value = y[params.yOffset + row * params.yStride + quad]; }
    tile[step * A_STRIDE + line] = value;
    value = vec4f(0.0);
    if (depth < params.n && column_quad < params.k / 4u) {
      value = weight[params.weightOffset + depth * (params.k / 4u) + column_quad];
    }
    tile[B_TILE + of_b / 4u * B_STRIDE + of_b % 4u * B_ROW + lane % 16u] = value;
    workgroupBarrier();
    sums = add_products(sums, lane, rows, false);
    workgroupBarrier();
  }
  let row = first_row + lane / 16u * (rows / LOW_TILE);
  finish(row, column_quad, sums[0]);
  if (rows == TILE) {
    finish(row + 1u, column_quad, sums[1]);
    finish(row + 2u, column_quad, sums[2]);
    finish(row + 3u, column_quad, sums[3]);
  }
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = linear_workgroup(id, count);
  let of_weight = params.slices * ((params.n + 15u) / 16u) * ((params.k + 15u) / 16u);
  if (group < of_weight) {
    weight_gradient(group, lane);
  } else if (params.inward == 1u) {
    x_gradient(group - of_weight, lane);
  }
}
