// A thread per token: what it reads of the partials lies side by side with what its neighbours read.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let token = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  if (token >= params.tokens) { return; }
  let padded = (params.tokens + 63u) / 64u * 64u;
  var maximum = -3.4e38;
  for (var chunk = 0u; chunk < params.chunks; chunk++) { maximum = max(maximum, partials[2u * chunk * padded + token]); }
  var sum = 0.0;
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let at = 2u * chunk * padded + token;
    sum += partials[at + padded] * exp(partials[at] - maximum);
  }
  let result = maximum + log(sum);
  let place = params.firstToken + token;
  let label = labels[place];
  var logit = 0.0;
  for (var quad = 0u; quad < params.quads; quad++) {
    logit += dot(hidden[place * params.quads + quad], table[label * params.quads + quad]);
  }
  normaliser[place] = result;
  losses[place] = result - (logit + parameters[4u * params.biasOffset + label]);
}
