// A workgroup takes a chunk of the items, 64 at a time, against all tokens, 64 at a time: a tile of logits is made into
// derivatives in workgroup memory, and these times the rows of both go to the gradients. Each element of those is of one
// thread alone, so that it may add to what it wrote for the tile before.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let chunk = linear_workgroup(id, count);
  let begin = chunk * params.chunkItems;
  let last = min(begin + params.chunkItems, params.items);
  let part = chunk * padded_tokens() * params.quads;
  let x = lane % 16u;
  let y = lane / 16u;
  for (var item = begin; item < last; item += BLOCK) {
    let block_items = min(last - item, BLOCK);
    let own = item + 4u * x + vec4u(0u, 1u, 2u, 3u);
    var bias_sums = vec4f(0.0);
    for (var token = 0u; token < params.tokens; token += BLOCK) {
      let block_tokens = min(params.tokens - token, BLOCK);
      let logits = logits_tile(token, item, last, lane);
      workgroupBarrier();
      for (var r = 0u; r < 4u; r++) {
        let t = token + 4u * y + r;
        var derivatives = vec4f(0.0);
        if (t < params.tokens) {
          derivatives = params.share * exp(logits[r] - normaliser[params.firstToken + t]);
          derivatives -= select(vec4f(0.0), vec4f(params.share), own == vec4u(labels[params.firstToken + t]));
        }
        quads_shared[(4u * y + r) * 16u + x] = derivatives;
      }
      workgroupBarrier();
      if (lane < 16u) {
        for (var t = 0u; t < block_tokens; t++) { bias_sums += quads_shared[t * 16u + lane]; }
      }
      for (var quad = x; quad < params.quads; quad += 16u) {
        var sums = array<vec4f, 4>(vec4f(0.0), vec4f(0.0), vec4f(0.0), vec4f(0.0));
        for (var first = 0u; first < block_items; first += 4u) {
          // Items past the last have derivatives of 0, and a row that is there
          let t0 = table[min(item + first, last - 1u) * params.quads + quad];
          let t1 = table[min(item + first + 1u, last - 1u) * params.quads + quad];
          let t2 = table[min(item + first + 2u, last - 1u) * params.quads + quad];
          let t3 = table[min(item + first + 3u, last - 1u) * params.quads + quad];
          for (var r = 0u; r < 4u; r++) {
            let d = quads_shared[(4u * y + r) * 16u + first / 4u];
            sums[r] += d.x * t0 + d.y * t1 + d.z * t2 + d.w * t3;
          }
        }
        for (var r = 0u; r < 4u; r++) {
          if (4u * y + r < block_tokens) {
            let to = part + (token + 4u * y + r) * params.quads + quad;
            if (item > begin) { sums[r] += workspace[to]; }
            workspace[to] = sums[r];
          }
        }
        sums = array<vec4f, 4>(vec4f(0.0), vec4f(0.0), vec4f(0.0), vec4f(0.0));
        for (var t = 0u; t < block_tokens; t++) {
          let d = quads_shared[t * 16u + y];
          let row = hidden[(params.firstToken + token + t) * params.quads + quad];
          for (var c = 0u; c < 4u; c++) { sums[c] += d[c] * row; }
        }
        for (var c = 0u; c < 4u; c++) {
          if (4u * y + c < block_items) {
            let to = (item + 4u * y + c) * params.quads + quad;
            if (params.firstToken + token > 0u) { sums[c] += tableGradient[to]; }
            tableGradient[to] = sums[c];
          }
        }
      }
    }
    if (lane < 16u) {
      for (var c = 0u; c < 4u; c++) {
        if (own[c] < last) {
          let to = 4u * params.biasOffset + own[c];
          if (params.firstToken > 0u) { bias_sums[c] += gradient[to]; }
          gradient[to] = bias_sums[c];
        }
      }
    }
  }
}
