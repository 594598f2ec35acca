// A workgroup takes a chunk of the items and a block of the tokens. Each thread keeps a maximum and a sum for its four
// tokens over the items it makes logits of; in the end those of the sixteen threads of a token become one.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let padded = padded_tokens();
  let workgroup = linear_workgroup(id, count);
  let chunk = workgroup / (padded / BLOCK);
  let first_token = workgroup % (padded / BLOCK) * BLOCK;
  let begin = chunk * params.chunkItems;
  let last = min(begin + params.chunkItems, params.items);
  var maxima = vec4f(LOWEST);
  var sums = vec4f(0.0);
  for (var item = begin; item < last; item += BLOCK) {
    let logits = logits_tile(first_token, item, last, lane);
    let before = maxima;
    let highest = max(
      max(vec4f(logits[0].x, logits[1].x, logits[2].x, logits[3].x), vec4f(logits[0].y, logits[1].y, logits[2].y, logits[3].y)),
      max(vec4f(logits[0].z, logits[1].z, logits[2].z, logits[3].z), vec4f(logits[0].w, logits[1].w, logits[2].w, logits[3].w)),
    );
    maxima = max(before, highest);
    let one = vec4f(1.0);
    sums = sums * exp(before - maxima) + vec4f(
      dot(exp(logits[0] - maxima.x), one),
      dot(exp(logits[1] - maxima.y), one),
      dot(exp(logits[2] - maxima.z), one),
      dot(exp(logits[3] - maxima.w), one),
    );
  }
  workgroupBarrier();
  quads_shared[lane] = maxima;
  quads_shared[256u + lane] = sums;
  workgroupBarrier();
  let x = lane % 16u;
  for (var half = 8u; half > 0u; half /= 2u) {
    if (x < half) {
      let other = quads_shared[lane + half];
      let own = quads_shared[lane];
      let highest = max(own, other);
      quads_shared[256u + lane] = quads_shared[256u + lane] * exp(own - highest) +
        quads_shared[256u + lane + half] * exp(other - highest);
      quads_shared[lane] = highest;
    }
    workgroupBarrier();
  }
  if (x == 0u && begin < params.items) {
    let to = 2u * chunk * padded + first_token + lane / 4u;
    for (var r = 0u; r < 4u; r++) {
      partials[to + r] = quads_shared[lane][r];
      partials[to + padded + r] = quads_shared[256u + lane][r];
    }
  }
}
