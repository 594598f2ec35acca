// Philox 4x32-10, as in src/philox.ts, and the dropout masks drawn with it. WGSL has no 64-bit product: its high word is
// put together from 16-bit halves.
fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let cross = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (cross >> 16u);
}

fn philox(key: vec2u, counter: vec4u) -> vec4u {
  var k = key;
  var c = counter;
  for (var round = 0u; round < 10u; round++) {
    c = vec4u(
      multiply_high(0xcd9e8d57u, c.z) ^ c.y ^ k.x,
      0xcd9e8d57u * c.z,
      multiply_high(0xd2511f53u, c.x) ^ c.w ^ k.y,
      0xd2511f53u * c.x,
    );
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

// Factors of four neighbouring elements under dropout: `scale` where the word of the draw at (index, step, site, row) is
// at least `threshold`, else 0. A threshold of 0 drops nothing. The stream is `Stream.dropout`.
fn dropout4(index: u32, row: u32) -> vec4f {
  if (params.threshold == 0u) { return vec4f(params.scale); }
  let words = philox(vec2u(params.seed, 4u), vec4u(index, params.step, params.site, row));
  return select(vec4f(0.0), vec4f(params.scale), words >= vec4u(params.threshold));
}
