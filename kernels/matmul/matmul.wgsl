fn finish(row: u32, quad: u32, sum: vec4f) {
  let quads = params.n / 4u;
  if (row >= params.m || quad >= quads) { return; }
  let index = row * quads + quad;
  var result = sum;
  if (params.biased == 1u) { result += bias[params.biasOffset + quad]; }
  result = activation(result) * dropout4(index, 0u);
  if (params.added == 1u) { result += addend[index]; }
  c[params.cOffset + row * params.cStride + quad] = result;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = linear_workgroup(id, count);
  let rows = tile_rows(params.m, params.n);
  let across = (params.n + TILE - 1u) / TILE;
  let first_row = group / across * rows;
  let first_column = group % across * TILE;
  let quads = params.k / 4u;
  let line = lane / DEPTH;
  let step = lane % DEPTH;
  var sums = mat4x4f();
  for (var first = 0u; first < quads; first += DEPTH) {
    let row = first_row + line;
    let column = first_column + line;
    let quad = first + step;
    var value = vec4f(0.0);
    if (line < rows && row < params.m && quad < quads) { value = a[params.aOffset + row * params.aStride + quad]; }
    tile[step * A_STRIDE + line] = value;
    value = vec4f(0.0);
    if (column < params.n && quad < quads) { value = b[params.bOffset + column * params.bStride + quad]; }
    tile[B_TILE + step * B_STRIDE + line % 4u * B_ROW + line / 4u] = value;
    workgroupBarrier();
    sums = add_products(sums, lane, rows, true);
    workgroupBarrier();
  }
  let quad = first_column / 4u + lane % 16u;
  let row = first_row + lane / 16u * (rows / LOW_TILE);
  finish(row, quad, sums[0]);
  if (rows == TILE) {
    finish(row + 1u, quad, sums[1]);
    finish(row + 2u, quad, sums[2]);
    finish(row + 3u, quad, sums[3]);
  }
}
