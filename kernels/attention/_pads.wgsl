
fn pads_of(segment: u32) -> u32 {
  let count = offsets[segment + 1u] - offsets[segment];
  return select(0u, params.length - count, params.length > count);
}

// How many of the pads that a lane of a row counts are kept: those of every 16th quad.
fn kept_pads(column: u32, pads: u32, counter: u32) -> u32 {
  var kept = 0u;
  for (var quad = column; quad * 4u < pads; quad += BLOCK) {
    let drawn = vec4u(dropout4(quad, counter) > vec4f(0.0));
    let counted = vec4u(vec4u(0u, 1u, 2u, 3u) + quad * 4u < vec4u(pads));
    let both = drawn * counted;
    kept += both.x + both.y + both.z + both.w;
  }
  return kept;
}
