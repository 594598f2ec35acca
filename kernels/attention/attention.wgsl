
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
  let segment = segment_of(token);
  let begin = offsets[segment];
  let end = offsets[segment + 1u];
  let pads = pads_of(segment);
  if (column == 0u) { places[row] = i32(pads) - i32(begin); }

  let head_quads = params.quads / params.heads;
  let root = 1.0 / sqrt(f32(head_quads * 4u));
  let offset = head * head_quads;
  let stride = 3u * params.quads;
  let from_key = offsets[segment_of(first)];
  let to_key = select(offsets[segment_of(last) + 1u], last + 1u, params.causal != 0u);

  var pad_logit = LOWEST;
  var kept = 0.0;
  let bias_key = params.biasOffset + params.quads + offset;
  if (params.length > 0u) {
    var part = 0.0;
    for (var quad = column; quad < head_quads; quad += BLOCK) {
      part += dot(qkv[token * stride + offset + quad], bias[bias_key + quad]);
    }
    let logit = row_sum(lane, part) * root;
    if (pads > 0u) { pad_logit = logit; }
    kept = f32(pads);
    if (params.threshold != 0u) {
      kept = row_sum(lane, f32(kept_pads(column, pads, token * params.heads + head))) * params.scale;
    }
  }

  for (var chunk = 0u; chunk < head_quads; chunk += BLOCK) {
    let quad = chunk + column;
    var top = pad_logit;
    var sum = f32(pads);
    var result = vec4f(0.0);
    if (pads > 0u && quad < head_quads) { result = kept * bias[bias_key + params.quads + quad]; }
    for (var base = from_key; base < to_key; base += BLOCK) {
      var logit = 0.0;
      for (var depth = 0u; depth < head_quads; depth += BLOCK) {
        workgroupBarrier();
        var q = vec4f(0.0);
        var k = vec4f(0.0);
        if (depth + column < head_quads) {
          let at = offset + depth + column;
          q = qkv[token * stride + at];
          if (base + row < to_key) { k = qkv[(base + row) * stride + params.quads + at]; }
        }
        left[row * PITCH + column] = q;
        right[row * PITCH + column] = k;
        workgroupBarrier();
        for (var c = 0u; c < min(BLOCK, head_quads - depth); c++) {
          logit += dot(left[row * PITCH + c], right[column * PITCH + c]);
        }
      }
      logit *= root;
      let key = base + column;
      let allowed = key >= begin && key < end && (params.causal == 0u || key <= token);
      weights[row * PITCH + column] = select(LOWEST, logit, allowed);
      if (params.threshold != 0u) { draw_factors(lane, head, first, base); }
      workgroupBarrier();
      var new_top = top;
      for (var c = 0u; c < BLOCK; c++) { new_top = max(new_top, weights[row * PITCH + c]); }
      let weight = select(0.0, exp(min(logit - new_top, 0.0)), allowed);
      var v = vec4f(0.0);
      if (base + row < to_key && quad < head_quads) {
        v = qkv[(base + row) * stride + 2u * params.quads + offset + quad];
      }
      right[row * PITCH + column] = v;
      var kept_weight = weight;
      if (params.threshold != 0u) { kept_weight *= factor_of(row, base, column); }
      workgroupBarrier();
      weights[row * PITCH + column] = weight;
      kept_weights[row * PITCH + column] = kept_weight;
      workgroupBarrier();
      let shrink = exp(top - new_top);
      sum *= shrink;
      result *= shrink;
      for (var c = 0u; c < BLOCK; c++) {
        sum += weights[row * PITCH + c];
        result += kept_weights[row * PITCH + c] * right[c * PITCH + column];
      }
      top = new_top;
    }
    if (first + row <= last) {
      if (quad < head_quads) { output[token * params.quads + offset + quad] = result / sum; }
      if (quad == 0u) { normaliser[token * params.heads + head] = top + log(sum); }
    }
  }
}
