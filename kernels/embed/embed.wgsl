// A thread per quad. Threads of a token are neighbours, so a gathered row is one run of consecutive 16-byte loads.
const NO_ROW = 0xffffffffu;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  let token = index / params.quads;
  if (token >= params.tokens) { return; }
  let quad = index % params.quads;
  let row = ids[token];
  var y = vec4f(0.0);
  if (row != NO_ROW) {
    y = params.factor * table[row * params.quads + quad];
    if (params.positioned == 1u) {
      y += positions[params.positionsOffset + positionIds[token] * params.quads + quad];
    }
    y *= dropout4(index, 0u);
  }
  output[index] = y;
}
