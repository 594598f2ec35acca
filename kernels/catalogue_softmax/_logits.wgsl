// What the kernels that make logits share: a tile of 64 tokens by 64 items, 4 x 4 of them to a thread. Rows of both come
// through workgroup memory, four quads of each at a time.
const BLOCK = 64u;
const SLAB = 4u;
// Rows a quad further apart than they are long: eight threads that read a quad each, row after row, meet no bank twice.
const PITCH = 5u;
const LOWEST = -3.4e38;
// The rows while logits are made, 16 KiB in all for what comes after.
var<workgroup> quads_shared: array<vec4f, 1024>;

fn padded_tokens() -> u32 { return (params.tokens + BLOCK - 1u) / BLOCK * BLOCK; }

// Logits of tokens first_token + 4 (lane / 16) + r of the launch and items first_item + 4 (lane % 16) + 0 .. 3. Items from last_item on
// have the lowest of all; tokens that are none have rows of zeros.
fn logits_tile(first_token: u32, first_item: u32, last_item: u32, lane: u32) -> array<vec4f, 4> {
  let x = lane % 16u;
  let y = lane / 16u;
  let row = lane / SLAB;
  let item_row = BLOCK * PITCH;
  var logits = array<vec4f, 4>(vec4f(0.0), vec4f(0.0), vec4f(0.0), vec4f(0.0));
  for (var base = 0u; base < params.quads; base += SLAB) {
    let quad = base + lane % SLAB;
    var token_quad = vec4f(0.0);
    var item_quad = vec4f(0.0);
    if (quad < params.quads) {
      if (first_token + row < params.tokens) { token_quad = hidden[(params.firstToken + first_token + row) * params.quads + quad]; }
      if (first_item + row < last_item) { item_quad = table[(first_item + row) * params.quads + quad]; }
    }
    workgroupBarrier();
    quads_shared[row * PITCH + lane % SLAB] = token_quad;
    // Item 4 x + c at row 16 c + x, so that neighbours in x read neighbouring rows
    quads_shared[item_row + (row % 4u * 16u + row / 4u) * PITCH + lane % SLAB] = item_quad;
    workgroupBarrier();
    for (var at = 0u; at < SLAB; at++) {
      let b0 = quads_shared[item_row + x * PITCH + at];
      let b1 = quads_shared[item_row + (16u + x) * PITCH + at];
      let b2 = quads_shared[item_row + (32u + x) * PITCH + at];
      let b3 = quads_shared[item_row + (48u + x) * PITCH + at];
      for (var r = 0u; r < 4u; r++) {
        let a = quads_shared[(4u * y + r) * PITCH + at];
        logits[r] += vec4f(dot(a, b0), dot(a, b1), dot(a, b2), dot(a, b3));
      }
    }
  }
  for (var c = 0u; c < 4u; c++) {
    let item = first_item + 4u * x + c;
    if (item < last_item) {
      let bias = parameters[4u * params.biasOffset + item];
      for (var r = 0u; r < 4u; r++) { logits[r][c] += bias; }
    } else {
      for (var r = 0u; r < 4u; r++) { logits[r][c] = LOWEST; }
    }
  }
  return logits;
}

