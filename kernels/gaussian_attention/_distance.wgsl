
// The squared distance, for lane 16 r + c, of the row that begins at quad `own` (that of the lane's r) and the part at
// quad `part` of the row of token base + c: both of their means and of their deviations.
fn distance_of(lane: u32, own: u32, base: u32, last: u32, part: u32, head_quads: u32) -> f32 {
  let row = lane / BLOCK;
  let column = lane % BLOCK;
  var sum = 0.0;
  for (var depth = 0u; depth < head_quads; depth += BLOCK) {
    let in_head = depth + column < head_quads;
    let here = own + depth + column;
    let there = (base + row) * 3u * params.quads + part + depth + column;
    var a = vec4f(0.0);
    var b = vec4f(0.0);
    if (in_head) { a = mean[here]; }
    if (in_head && base + row <= last) { b = mean[there]; }
    workgroupBarrier();
    left[row * PITCH + column] = a;
    right[row * PITCH + column] = b;
    workgroupBarrier();
    if (in_head) { a = deviation[here]; }
    if (in_head && base + row <= last) { b = deviation[there]; }
    for (var c = 0u; c < min(BLOCK, head_quads - depth); c++) {
      let apart = left[row * PITCH + c] - right[column * PITCH + c];
      sum += dot(apart, apart);
    }
    workgroupBarrier();
    left[row * PITCH + column] = a;
    right[row * PITCH + column] = b;
    workgroupBarrier();
    for (var c = 0u; c < min(BLOCK, head_quads - depth); c++) {
      let apart = left[row * PITCH + c] - right[column * PITCH + c];
      sum += dot(apart, apart);
    }
  }
  // The tiles are free again.
  workgroupBarrier();
  return sum;
}
