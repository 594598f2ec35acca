
var<workgroup> deltas: array<f32, 16>;
var<workgroup> norms: array<f32, 16>;

// What the softmax takes off the gradient of each weight of a token's row, for each lane of the row.
fn delta_of(lane: u32, token: u32, offset: u32, head_quads: u32) -> f32 {
  var part = 0.0;
  for (var quad = lane % BLOCK; quad < head_quads; quad += BLOCK) {
    let at = token * 2u * params.quads + offset + quad;
    part += 2.0 * dot(outputGradient[at + params.quads], output[at + params.quads]);
    if (params.attended != 0u) { part += dot(outputGradient[at], output[at]); }
  }
  return row_sum(lane, part);
}

// The dot products of the gradient of a query's output and a key's value: of the means and of the covariances. `own` and
// `base` are tokens: queries where `by_query`, else keys, and the other way round.
fn slopes_of(lane: u32, own: u32, base: u32, last: u32, offset: u32, head_quads: u32, by_query: bool) -> vec2f {
  let row = lane / BLOCK;
  let column = lane % BLOCK;
  var slopes = vec2f(0.0);
  for (var half = 0u; half < 2u; half++) {
    if (half == 1u || params.attended != 0u) {
      var sum = 0.0;
      for (var depth = 0u; depth < head_quads; depth += BLOCK) {
        let at = offset + depth + column;
        let query = select(base + row, own, by_query);
        let key = select(own, base + row, by_query);
        let in_head = depth + column < head_quads;
        var g = vec4f(0.0);
        var v = vec4f(0.0);
        if (in_head && query <= last) { g = outputGradient[(query * 2u + half) * params.quads + at]; }
        if (in_head && key <= last) {
          let from_value = (key * 3u + 2u) * params.quads + at;
          if (half == 0u) { v = mean[from_value]; } else { v = deviation[from_value]; }
        }
        workgroupBarrier();
        left[row * PITCH + column] = select(v, g, by_query);
        right[row * PITCH + column] = select(g, v, by_query);
        workgroupBarrier();
        for (var c = 0u; c < min(BLOCK, head_quads - depth); c++) {
          sum += dot(left[row * PITCH + c], right[column * PITCH + c]);
        }
      }
      slopes[half] = sum;
    }
  }
  // The tiles are free again.
  workgroupBarrier();
  return slopes;
}

// The gradient of half a squared distance.
fn distance_slope(probability: f32, factor: f32, slopes: vec2f, delta: f32, root: f32) -> f32 {
  let weight_slope = 2.0 * probability * factor * slopes.y + slopes.x;
  return -2.0 * root * probability * (factor * weight_slope - delta);
}

// The block as queries: rows of a tile are its tokens, columns the keys.
fn query_gradients(lane: u32, first: u32, last: u32, head: u32, head_quads: u32, root: f32) {
  let row = lane / BLOCK;
  let column = lane % BLOCK;
  let token = min(first + row, last);
  let begin = offsets[segment_of(token)];
  if (column == 0u) { places[row] = -i32(begin); }
  let offset = head * head_quads;
  let stride = 3u * params.quads;
  let from_key = offsets[segment_of(first)];
  let norm = normaliser[token * params.heads + head];
  let delta = delta_of(lane, token, offset, head_quads);

  for (var chunk = 0u; chunk < head_quads; chunk += BLOCK) {
    let quad = chunk + column;
    let own = token * stride + offset + quad;
    var own_mean = vec4f(0.0);
    var own_deviation = vec4f(0.0);
    if (quad < head_quads) {
      own_mean = mean[own];
      own_deviation = deviation[own];
    }
    var mean_result = vec4f(0.0);
    var deviation_result = vec4f(0.0);
    for (var base = from_key; base <= last; base += BLOCK) {
      let distance = distance_of(lane, token * stride + offset, base, last, params.quads + offset, head_quads);
      let slopes = slopes_of(lane, token, base, last, offset, head_quads, true);
      if (params.threshold != 0u) { draw_factors(lane, head, first, base); }
      workgroupBarrier();
      var factor = 1.0;
      if (params.threshold != 0u) { factor = factor_of(row, base, column); }
      let key = base + column;
      let allowed = key >= begin && key <= token;
      let probability = select(0.0, exp(min(-distance * root - norm, 1.0)), allowed);
      weights[row * PITCH + column] = distance_slope(probability, factor, slopes, delta, root);
      var m = vec4f(0.0);
      var d = vec4f(0.0);
      if (base + row <= last && quad < head_quads) {
        let at = (base + row) * stride + params.quads + offset + quad;
        m = mean[at];
        d = deviation[at];
      }
      left[row * PITCH + column] = m;
      right[row * PITCH + column] = d;
      workgroupBarrier();
      for (var c = 0u; c < BLOCK; c++) {
        let weight = weights[row * PITCH + c];
        mean_result += weight * (own_mean - left[c * PITCH + column]);
        deviation_result += weight * (own_deviation - right[c * PITCH + column]);
      }
    }
    if (first + row <= last && quad < head_quads) {
      meanGradient[own] = mean_result;
      deviationGradient[own] = deviation_result;
    }
  }
}

// The block as keys: rows of a tile are its tokens, columns the queries that attend them.
fn key_gradients(lane: u32, first: u32, last: u32, head: u32, head_quads: u32, root: f32) {
  let row = lane / BLOCK;
  let column = lane % BLOCK;
  let token = min(first + row, last);
  let end = offsets[segment_of(token) + 1u];
  let offset = head * head_quads;
  let stride = 3u * params.quads;
  let to_query = offsets[segment_of(last) + 1u];

  for (var chunk = 0u; chunk < head_quads; chunk += BLOCK) {
    let quad = chunk + column;
    let own = token * stride + params.quads + offset + quad;
    var own_mean = vec4f(0.0);
    var own_deviation = vec4f(0.0);
    if (quad < head_quads) {
      own_mean = mean[own];
      own_deviation = deviation[own];
    }
    var mean_result = vec4f(0.0);
    var deviation_result = vec4f(0.0);
    var value_mean_result = vec4f(0.0);
    var value_covariance_result = vec4f(0.0);
    for (var base = first; base < to_query; base += BLOCK) {
      // Rows are queries here.
      let query = min(base + row, to_query - 1u);
      let delta = delta_of(lane, query, offset, head_quads);
      if (column == 0u) {
        deltas[row] = delta;
        norms[row] = normaliser[query * params.heads + head];
        places[row] = -i32(offsets[segment_of(query)]);
      }
      let distance = distance_of(lane, token * stride + params.quads + offset, base, to_query - 1u, offset, head_quads);
      let slopes = slopes_of(lane, token, base, to_query - 1u, offset, head_quads, false);
      if (params.threshold != 0u) { draw_factors(lane, head, base, first); }
      workgroupBarrier();
      var factor = 1.0;
      if (params.threshold != 0u) { factor = factor_of(column, first, row); }
      let allowed = base + column >= token && base + column < end;
      let probability = select(0.0, exp(min(-distance * root - norms[column], 1.0)), allowed);
      weights[row * PITCH + column] = distance_slope(probability, factor, slopes, deltas[column], root);
      kept_weights[row * PITCH + column] = factor * probability;
      let in_tile = base + row < to_query && quad < head_quads;
      var a = vec4f(0.0);
      var b = vec4f(0.0);
      if (in_tile) {
        a = mean[(base + row) * stride + offset + quad];
        b = deviation[(base + row) * stride + offset + quad];
      }
      left[row * PITCH + column] = a;
      right[row * PITCH + column] = b;
      workgroupBarrier();
      if (in_tile) {
        let at = (base + row) * 2u * params.quads + offset + quad;
        if (params.attended != 0u) { a = outputGradient[at]; }
        b = outputGradient[at + params.quads];
      }
      for (var c = 0u; c < BLOCK; c++) {
        let weight = weights[row * PITCH + c];
        mean_result += weight * (own_mean - left[c * PITCH + column]);
        deviation_result += weight * (own_deviation - right[c * PITCH + column]);
      }
      workgroupBarrier();
      left[row * PITCH + column] = a;
      right[row * PITCH + column] = b;
      workgroupBarrier();
      for (var c = 0u; c < BLOCK; c++) {
        let weight = kept_weights[row * PITCH + c];
        value_mean_result += weight * left[c * PITCH + column];
        value_covariance_result += weight * weight * right[c * PITCH + column];
      }
    }
    if (first + row <= last && quad < head_quads) {
      meanGradient[own] = mean_result;
      deviationGradient[own] = deviation_result;
      if (params.attended != 0u) { meanGradient[own + params.quads] = value_mean_result; }
      deviationGradient[own + params.quads] = value_covariance_result;
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
  let first = workgroup / params.heads * BLOCK;
  if (first >= params.tokens) { return; }
  let last = min(first + BLOCK, params.tokens) - 1u;
  let head_quads = params.quads / params.heads;
  let root = 1.0 / sqrt(f32(head_quads * 4u));
  query_gradients(lane, first, last, head, head_quads, root);
  key_gradients(lane, first, last, head, head_quads, root);
}
