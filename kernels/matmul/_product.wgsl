// What the products of a matrix share. A workgroup makes 64 x 64 outputs, a lane 4 x 4 of them, from tiles of four quads
// along the sum; where that would make few workgroups, 16 x 64 and a lane 1 x 4. Strides of the tiles are such that
// neighbouring lanes meet different banks.
const TILE = 64u;
const LOW_TILE = 16u;
const ENOUGH_WORKGROUPS = 128u;
const DEPTH = 4u;
const A_STRIDE = 66u;
const B_STRIDE = 70u;
const B_ROW = 17u;
// 264 quads of a and 280 of b; the gradient of a weight uses more of it.
const B_TILE = 264u;
var<workgroup> tile: array<vec4f, 1024>;

fn tile_rows(rows: u32, columns: u32) -> u32 {
  let tiles = (rows + TILE - 1u) / TILE * ((columns + TILE - 1u) / TILE);
  return select(TILE, LOW_TILE, tiles < ENOUGH_WORKGROUPS);
}

// Adds what the tiles in workgroup memory make to a lane's rows of outputs. Slot (q, i, x) of b is for lanes x: quad q along
// the sum of their column i where b is transposed, and their column quad at depth 4 q + i where it is not.
fn add_products(sums: mat4x4f, lane: u32, rows: u32, transposed: bool) -> mat4x4f {
  var result = sums;
  let y = lane / 16u;
  for (var q = 0u; q < DEPTH; q++) {
    let from_b = B_TILE + q * B_STRIDE + lane % 16u;
    var panel = mat4x4f(
      tile[from_b],
      tile[from_b + B_ROW],
      tile[from_b + 2u * B_ROW],
      tile[from_b + 3u * B_ROW],
    );
    if (transposed) { panel = transpose(panel); }
    if (rows == TILE) {
      let from_a = q * A_STRIDE + y * 4u;
      result += panel * mat4x4f(tile[from_a], tile[from_a + 1u], tile[from_a + 2u], tile[from_a + 3u]);
    } else {
      result[0] += panel * tile[q * A_STRIDE + y];
    }
  }
  return result;
}
