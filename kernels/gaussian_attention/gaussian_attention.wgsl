
// A lane makes one logit of a tile, and one quad of the output of a query. Heads wider than 64 columns take as many turns.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let workgroup = linear_workgroup(id, count);
  let head = workgroup % params.heads;
  let first = workgroup / params.heads * BLOCK;
  if (first >= params.tokens) { return; }
  let last = min(first + BLOCK, params.tokens) - 1u;
  let row = lane / BLOCK;
  let column = lane % BLOCK;
  // A short block repeats its last token, and leaves it unwritten.
  let token = min(first + row, last);
  let begin = offsets[segment_of(token)];
  if (column == 0u) { places[row] = -i32(begin); }
  let head_quads = params.quads / params.heads;
  let root = 1.0 / sqrt(f32(head_quads * 4u));
  let offset = head * head_quads;
  let stride = 3u * params.quads;
  let from_key = offsets[segment_of(first)];

  for (var chunk = 0u; chunk < head_quads; chunk += BLOCK) {
    let quad = chunk + column;
    var top = LOWEST;
    var sum = 0.0;
    var mean_result = vec4f(0.0);
    var covariance_result = vec4f(0.0);
    for (var base = from_key; base <= last; base += BLOCK) {
      let distance = distance_of(lane, token * stride + offset, base, last, params.quads + offset, head_quads);
      let logit = -distance * root;
      let key = base + column;
      let allowed = key >= begin && key <= token;
      weights[row * PITCH + column] = select(LOWEST, logit, allowed);
      if (params.threshold != 0u) { draw_factors(lane, head, first, base); }
      workgroupBarrier();
      var new_top = top;
      for (var c = 0u; c < BLOCK; c++) { new_top = max(new_top, weights[row * PITCH + c]); }
      let weight = select(0.0, exp(min(logit - new_top, 0.0)), allowed);
      var v = vec4f(0.0);
      var m = vec4f(0.0);
      if (base + row <= last && quad < head_quads) {
        let at = (base + row) * stride + 2u * params.quads + offset + quad;
        v = deviation[at];
        if (params.attended != 0u) { m = mean[at]; }
      }
      left[row * PITCH + column] = m;
      right[row * PITCH + column] = v;
      var kept_weight = weight;
      if (params.threshold != 0u) { kept_weight *= factor_of(row, base, column); }
      workgroupBarrier();
      weights[row * PITCH + column] = weight;
      kept_weights[row * PITCH + column] = kept_weight;
      workgroupBarrier();
      let shrink = exp(top - new_top);
      sum *= shrink;
      mean_result *= shrink;
      covariance_result *= shrink * shrink;
      for (var c = 0u; c < BLOCK; c++) {
        sum += weights[row * PITCH + c];
        let kept = kept_weights[row * PITCH + c];
        mean_result += kept * left[c * PITCH + column];
        covariance_result += kept * kept * right[c * PITCH + column];
      }
      top = new_top;
    }
    if (first + row <= last) {
      let at = token * 2u * params.quads + offset + quad;
      if (quad < head_quads) {
        if (params.attended != 0u) { output[at] = mean_result / sum; }
        output[at + params.quads] = covariance_result / sum / sum;
      }
      if (quad == 0u) { normaliser[token * params.heads + head] = top + log(sum); }
    }
  }
}
