
var<workgroup> deltas: array<f32, 16>;
var<workgroup> norms: array<f32, 16>;

// What the softmax takes off the gradient of each weight of a token's row: this lane's part of it.
fn delta_part(token: u32, offset: u32, head_quads: u32, column: u32) -> f32 {
  var part = 0.0;
  for (var quad = column; quad < head_quads; quad += BLOCK) {
    let at = token * params.quads + offset + quad;
    part += dot(outputGradient[at], output[at]);
  }
  return part;
}

// Four things of a token's pads: the probability of each, the gradient of all their logits together, how many dropout
// keeps times its scale, and nothing.
fn pad_terms(lane: u32, token: u32, pads: u32, head: u32, head_quads: u32, root: f32, delta: f32) -> vec4f {
  let column = lane % BLOCK;
  let offset = head * head_quads;
  let bias_key = params.biasOffset + params.quads + offset;
  var logit_part = 0.0;
  var value_part = 0.0;
  for (var quad = column; quad < head_quads; quad += BLOCK) {
    logit_part += dot(qkv[token * 3u * params.quads + offset + quad], bias[bias_key + quad]);
    value_part += dot(outputGradient[token * params.quads + offset + quad], bias[bias_key + params.quads + quad]);
  }
  let logit = row_sum(lane, logit_part) * root;
  let value = row_sum(lane, value_part);
  var kept = f32(pads);
  if (params.threshold != 0u) {
    kept = row_sum(lane, f32(kept_pads(column, pads, token * params.heads + head))) * params.scale;
  }
  if (pads == 0u) { return vec4f(0.0); }
  let probability = exp(logit - normaliser[token * params.heads + head]);
  return vec4f(probability, probability * (kept * value - f32(pads) * delta) * root, kept, 0.0);
}

// The block as queries: rows of a tile are its tokens, columns the keys.
fn query_gradients(lane: u32, first: u32, last: u32, head: u32, head_quads: u32, root: f32) {
  let row = lane / BLOCK;
  let column = lane % BLOCK;
  let token = min(first + row, last);
  let segment = segment_of(token);
  let begin = offsets[segment];
  let end = offsets[segment + 1u];
  let pads = pads_of(segment);
  if (column == 0u) { places[row] = i32(pads) - i32(begin); }
  let offset = head * head_quads;
  let stride = 3u * params.quads;
  let from_key = offsets[segment_of(first)];
  let to_key = select(offsets[segment_of(last) + 1u], last + 1u, params.causal != 0u);
  let norm = normaliser[token * params.heads + head];
  let delta = row_sum(lane, delta_part(token, offset, head_quads, column));
  var pad_slope = 0.0;
  if (params.length > 0u) { pad_slope = pad_terms(lane, token, pads, head, head_quads, root, delta).y; }

  for (var chunk = 0u; chunk < head_quads; chunk += BLOCK) {
    let quad = chunk + column;
    var result = vec4f(0.0);
    if (pads > 0u && quad < head_quads) {
      result = pad_slope * bias[params.biasOffset + params.quads + offset + quad];
    }
    for (var base = from_key; base < to_key; base += BLOCK) {
      var logit = 0.0;
      var slope = 0.0;
      for (var depth = 0u; depth < head_quads; depth += BLOCK) {
        let at = offset + depth + column;
        let in_head = depth + column < head_quads;
        let in_keys = in_head && base + row < to_key;
        var a = vec4f(0.0);
        var b = vec4f(0.0);
        if (in_head) { a = qkv[token * stride + at]; }
        if (in_keys) { b = qkv[(base + row) * stride + params.quads + at]; }
        workgroupBarrier();
        left[row * PITCH + column] = a;
        right[row * PITCH + column] = b;
        workgroupBarrier();
        if (in_head) { a = outputGradient[token * params.quads + at]; }
        if (in_keys) { b = qkv[(base + row) * stride + 2u * params.quads + at]; }
        for (var c = 0u; c < min(BLOCK, head_quads - depth); c++) {
          logit += dot(left[row * PITCH + c], right[column * PITCH + c]);
        }
        workgroupBarrier();
        left[row * PITCH + column] = a;
        right[row * PITCH + column] = b;
        workgroupBarrier();
        for (var c = 0u; c < min(BLOCK, head_quads - depth); c++) {
          slope += dot(left[row * PITCH + c], right[column * PITCH + c]);
        }
      }
      if (params.threshold != 0u) { draw_factors(lane, head, first, base); }
      workgroupBarrier();
      if (params.threshold != 0u) { slope *= factor_of(row, base, column); }
      let key = base + column;
      let allowed = key >= begin && key < end && (params.causal == 0u || key <= token);
      let probability = select(0.0, exp(min(logit * root - norm, 1.0)), allowed);
      weights[row * PITCH + column] = probability * (slope - delta) * root;
      var k = vec4f(0.0);
      if (base + row < to_key && quad < head_quads) { k = qkv[(base + row) * stride + params.quads + offset + quad]; }
      right[row * PITCH + column] = k;
      workgroupBarrier();
      for (var c = 0u; c < BLOCK; c++) { result += weights[row * PITCH + c] * right[c * PITCH + column]; }
    }
    if (first + row <= last && quad < head_quads) { qkvGradient[token * stride + offset + quad] = result; }
  }
}

// The block as keys: rows of a tile are its tokens, columns the queries that attend them.
fn key_gradients(lane: u32, first: u32, last: u32, head: u32, head_quads: u32, root: f32) {
  let row = lane / BLOCK;
  let column = lane % BLOCK;
  let token = min(first + row, last);
  let segment = segment_of(token);
  let begin = offsets[segment];
  let end = offsets[segment + 1u];
  let offset = head * head_quads;
  let stride = 3u * params.quads;
  let from_query = select(offsets[segment_of(first)], first, params.causal != 0u);
  let to_query = offsets[segment_of(last) + 1u];

  for (var chunk = 0u; chunk < head_quads; chunk += BLOCK) {
    let quad = chunk + column;
    var key_result = vec4f(0.0);
    var value_result = vec4f(0.0);
    for (var base = from_query; base < to_query; base += BLOCK) {
      // Rows are queries here.
      let own = min(base + row, to_query - 1u);
      let delta = row_sum(lane, delta_part(own, offset, head_quads, column));
      if (column == 0u) {
        let own_segment = segment_of(own);
        deltas[row] = delta;
        norms[row] = normaliser[own * params.heads + head];
        places[row] = i32(pads_of(own_segment)) - i32(offsets[own_segment]);
      }
      var logit = 0.0;
      var slope = 0.0;
      for (var depth = 0u; depth < head_quads; depth += BLOCK) {
        let at = offset + depth + column;
        let in_head = depth + column < head_quads;
        let in_queries = in_head && base + row < to_query;
        var a = vec4f(0.0);
        var b = vec4f(0.0);
        if (in_head) { a = qkv[token * stride + params.quads + at]; }
        if (in_queries) { b = qkv[(base + row) * stride + at]; }
        workgroupBarrier();
        left[row * PITCH + column] = a;
        right[row * PITCH + column] = b;
        workgroupBarrier();
        if (in_head) { a = qkv[token * stride + 2u * params.quads + at]; }
        if (in_queries) { b = outputGradient[(base + row) * params.quads + at]; }
        for (var c = 0u; c < min(BLOCK, head_quads - depth); c++) {
          logit += dot(left[row * PITCH + c], right[column * PITCH + c]);
        }
        workgroupBarrier();
        left[row * PITCH + column] = a;
        right[row * PITCH + column] = b;
        workgroupBarrier();
        for (var c = 0u; c < min(BLOCK, head_quads - depth); c++) {
          slope += dot(left[row * PITCH + c], right[column * PITCH + c]);
        }
      }
      if (params.threshold != 0u) { draw_factors(lane, head, base, first); }
      workgroupBarrier();
      var factor = 1.0;
      if (params.threshold != 0u) { factor = factor_of(column, first, row); }
      let query = base + column;
      let allowed = query >= begin && query < end && (params.causal == 0u || query >= token);
      let probability = select(0.0, exp(min(logit * root - norms[column], 1.0)), allowed);
      weights[row * PITCH + column] = probability * (factor * slope - deltas[column]) * root;
      kept_weights[row * PITCH + column] = factor * probability;
      var q = vec4f(0.0);
      var g = vec4f(0.0);
      if (base + row < to_query && quad < head_quads) {
        q = qkv[(base + row) * stride + offset + quad];
        g = outputGradient[(base + row) * params.quads + offset + quad];
      }
      left[row * PITCH + column] = q;
      right[row * PITCH + column] = g;
      workgroupBarrier();
      for (var c = 0u; c < BLOCK; c++) {
        key_result += weights[row * PITCH + c] * left[c * PITCH + column];
        value_result += kept_weights[row * PITCH + c] * right[c * PITCH + column];
      }
    }
    if (first + row <= last && quad < head_quads) {
      qkvGradient[token * stride + params.quads + offset + quad] = key_result;
      qkvGradient[token * stride + 2u * params.quads + offset + quad] = value_result;
    }
  }
}

// The gradients of b_k and b_v through the pads of one segment: rows are its queries, columns quads.
fn pad_gradients(lane: u32, segment: u32, head: u32, head_quads: u32, root: f32) {
  let row = lane / BLOCK;
  let column = lane % BLOCK;
  let begin = offsets[segment];
  let end = offsets[segment + 1u];
  let pads = pads_of(segment);
  let offset = head * head_quads;
  for (var chunk = 0u; chunk < head_quads; chunk += BLOCK) {
    let quad = chunk + column;
    var key_result = vec4f(0.0);
    var value_result = vec4f(0.0);
    if (pads > 0u) {
      for (var base = begin; base < end; base += BLOCK) {
        let token = min(base + row, end - 1u);
        let delta = row_sum(lane, delta_part(token, offset, head_quads, column));
        let terms = pad_terms(lane, token, pads, head, head_quads, root, delta);
        if (base + row < end && quad < head_quads) {
          key_result += terms.y * qkv[token * 3u * params.quads + offset + quad];
          value_result += terms.z * terms.x * outputGradient[token * params.quads + offset + quad];
        }
      }
    }
    workgroupBarrier();
    left[row * PITCH + column] = key_result;
    right[row * PITCH + column] = value_result;
    workgroupBarrier();
    if (row < 2u && quad < head_quads) {
      var sum = vec4f(0.0);
      for (var r = 0u; r < BLOCK; r++) {
        if (row == 0u) { sum += left[r * PITCH + column]; } else { sum += right[r * PITCH + column]; }
      }
      padGradient[params.padOffset + (segment * 2u + row) * params.quads + offset + quad] = sum;
    }
  }
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let workgroup = linear_workgroup(id, count);
  let head = workgroup % params.heads;
  let head_quads = params.quads / params.heads;
  let root = 1.0 / sqrt(f32(head_quads * 4u));
  let blocks = (params.tokens + BLOCK - 1u) / BLOCK;
  let block = workgroup / params.heads;
  if (block < blocks) {
    let first = block * BLOCK;
    let last = min(first + BLOCK, params.tokens) - 1u;
    query_gradients(lane, first, last, head, head_quads, root);
    key_gradients(lane, first, last, head, head_quads, root);
  } else if (params.length > 0u && block - blocks < params.segments) {
    pad_gradients(lane, block - blocks, head, head_quads, root);
  }
}
