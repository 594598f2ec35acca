// What the attention kernels share. A workgroup owns a block of 16 tokens of the batch, whichever segments they are of,
// and takes the tokens that these may attend, or be attended by, in tiles of 16. So short segments fill a workgroup
// together, and a long one is spread over many. Lane 16 r + c is that of row r and column c of a tile.
const BLOCK = 16u;
// Rows in workgroup memory are one element apart from the banks of their neighbours.
const PITCH = 17u;
// No infinity: drivers may take it as they like.
const LOWEST = -3.0e38;
var<workgroup> left: array<vec4f, 272>;
var<workgroup> right: array<vec4f, 272>;
var<workgroup> weights: array<f32, 272>;
var<workgroup> kept_weights: array<f32, 272>;
var<workgroup> factors: array<f32, 320>;
var<workgroup> places: array<i32, 16>;
var<workgroup> reduction: array<f32, 272>;

// The segment of a token: the last that does not begin after it, as empty ones begin where the next does.
fn segment_of(token: u32) -> u32 {
  var low = 0u;
  var high = params.segments;
  while (low + 1u < high) {
    let middle = (low + high) / 2u;
    if (offsets[middle] <= token) { low = middle; } else { high = middle; }
  }
  return low;
}

// The sum over the lanes of a row, for each of them.
fn row_sum(lane: u32, part: f32) -> f32 {
  let row = lane / BLOCK * PITCH;
  workgroupBarrier();
  reduction[row + lane % BLOCK] = part;
  workgroupBarrier();
  var sum = 0.0;
  for (var column = 0u; column < BLOCK; column++) { sum += reduction[row + column]; }
  return sum;
}

// Draws the factors of a tile: 16 queries from `first_query` on, 16 keys from `first_key` on. `places` says, for each
// query, what to add to a key's token to have its position in the padded segment. It may not be one of five quads from
// the first on only where the query may not attend it.
fn draw_factors(lane: u32, head: u32, first_query: u32, first_key: u32) {
  if (lane < 5u * BLOCK) {
    let query = lane / 5u;
    let quad = lane % 5u;
    let index = ((places[query] + i32(first_key)) >> 2u) + i32(quad);
    let token = min(first_query + query, params.tokens - 1u);
    let drawn = dropout4(u32(index), token * params.heads + head);
    let at = (query * 5u + quad) * 4u;
    factors[at] = drawn.x;
    factors[at + 1u] = drawn.y;
    factors[at + 2u] = drawn.z;
    factors[at + 3u] = drawn.w;
  }
}

fn factor_of(query: u32, first_key: u32, key: u32) -> f32 {
  return factors[query * 20u + u32((places[query] + i32(first_key)) & 3) + key];
}
