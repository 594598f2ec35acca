// A workgroup goes back through four segments in lockstep; a vec4f holds one element of each. First the gradient of the
// gates, a lane to a column; then its product with W_hh, whose rows 64 lanes read side by side while four such groups
// share the depth out.
const COLUMNS = 64u;
const PARTS = 4u;
const DEPTH = 192u;
var<workgroup> hidden: array<vec4f, 192>;
var<workgroup> parts: array<vec4f, 256>;

fn gather_gates(at: vec4u, live: vec4<bool>) -> vec4f {
  var values = vec4f(0.0);
  if (live.x) { values.x = gates[at.x]; }
  if (live.y) { values.y = gates[at.y]; }
  if (live.z) { values.z = gates[at.z]; }
  if (live.w) { values.w = gates[at.w]; }
  return values;
}

fn gather_states(at: vec4u, live: vec4<bool>) -> vec4f {
  var values = vec4f(0.0);
  if (live.x) { values.x = states[at.x]; }
  if (live.y) { values.y = states[at.y]; }
  if (live.z) { values.z = states[at.z]; }
  if (live.w) { values.w = states[at.w]; }
  return values;
}

// The gradient of the states after the tokens: from outside where the segment ends, else what the step before left.
fn gather_carry(at: vec4u, live: vec4<bool>, ends: vec4<bool>) -> vec4f {
  var values = vec4f(0.0);
  if (ends.x) { values.x = lastGradient[at.x]; } else if (live.x) { values.x = scratch[at.x]; }
  if (ends.y) { values.y = lastGradient[at.y]; } else if (live.y) { values.y = scratch[at.y]; }
  if (ends.z) { values.z = lastGradient[at.z]; } else if (live.z) { values.z = scratch[at.z]; }
  if (ends.w) { values.w = lastGradient[at.w]; } else if (live.w) { values.w = scratch[at.w]; }
  return values;
}

fn gather_hidden(at: vec4u, live: vec4<bool>) -> vec4f {
  var values = vec4f(0.0);
  if (live.x) { values.x = hiddenGradient[at.x]; }
  if (live.y) { values.y = hiddenGradient[at.y]; }
  if (live.z) { values.z = hiddenGradient[at.z]; }
  if (live.w) { values.w = hiddenGradient[at.w]; }
  return values;
}

fn scatter_gradients(at: vec4u, of_input: vec4f, of_hidden: vec4f, live: vec4<bool>) {
  if (live.x) { inputGradient[at.x] = of_input.x; hiddenGradient[at.x] = of_hidden.x; }
  if (live.y) { inputGradient[at.y] = of_input.y; hiddenGradient[at.y] = of_hidden.y; }
  if (live.z) { inputGradient[at.z] = of_input.z; hiddenGradient[at.z] = of_hidden.z; }
  if (live.w) { inputGradient[at.w] = of_input.w; hiddenGradient[at.w] = of_hidden.w; }
}

fn scatter_carry(at: vec4u, values: vec4f, live: vec4<bool>) {
  if (live.x) { scratch[at.x] = values.x; }
  if (live.y) { scratch[at.y] = values.y; }
  if (live.z) { scratch[at.z] = values.z; }
  if (live.w) { scratch[at.w] = values.w; }
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let width = params.quads * 4u;
  let segment = linear_workgroup(id, count) * 4u + vec4u(0u, 1u, 2u, 3u);
  let head = min(segment, vec4u(params.segments));
  let tail = min(segment + 1u, vec4u(params.segments));
  let begin = vec4u(offsets[head.x], offsets[head.y], offsets[head.z], offsets[head.w]);
  let length = vec4u(offsets[tail.x], offsets[tail.y], offsets[tail.z], offsets[tail.w]) - begin;
  // Three parts that fit stay in workgroup memory; wider ones are read back from `hiddenGradient`, piece by piece.
  let whole = 3u * width <= DEPTH;

  for (var left = length.x; left > 0u; left--) {
    let step = left - 1u;
    let live = vec4u(step) < length;
    let ends = vec4u(left) == length;
    let token = begin + step;
    if (lane < COLUMNS) {
      for (var column = lane; column < width; column += COLUMNS) {
        let gate = token * 4u * width + column;
        let r = gather_gates(gate, live);
        let z = gather_gates(gate + width, live);
        let n = gather_gates(gate + 2u * width, live);
        let gh_n = gather_gates(gate + 3u * width, live);
        let state = gather_states(token * width + column, live);
        let dh = gather_carry(segment * width + column, live, ends);
        let dn = dh * (1.0 - z) * (1.0 - n * n);
        let dz = dh * (state - n) * (z * (1.0 - z));
        let dr = dn * gh_n * (r * (1.0 - r));
        let at = token * 3u * width + column;
        scatter_gradients(at, dr, dr, live);
        scatter_gradients(at + width, dz, dz, live);
        scatter_gradients(at + 2u * width, dn, dn * r, live);
        scatter_carry(segment * width + column, dh * z, live);
        if (whole) {
          hidden[column] = dr;
          hidden[column + width] = dz;
          hidden[column + 2u * width] = dn * r;
        }
      }
    }
    storageBarrier();
    workgroupBarrier();
    // Nothing comes before the first state.
    if (step > 0u) {
      for (var base = 0u; base < width; base += COLUMNS) {
        let column = base + lane % COLUMNS;
        var part = vec4f(0.0);
        for (var start = 0u; start < 3u * width; start += DEPTH) {
          let depth = min(DEPTH, 3u * width - start);
          if (!whole) {
            workgroupBarrier();
            if (lane < depth) { hidden[lane] = gather_hidden(token * 3u * width + start + lane, live); }
            workgroupBarrier();
          }
          if (column < width) {
            let weights = params.weightOffset * 4u + start * width + column;
            for (var k = lane / COLUMNS; k < depth; k += PARTS) {
              part += parameters[weights + k * width] * hidden[k];
            }
          }
        }
        parts[lane] = part;
        workgroupBarrier();
        if (lane < COLUMNS && column < width) {
          let sum = (parts[lane] + parts[lane + 64u]) + (parts[lane + 128u] + parts[lane + 192u]);
          // Left there by this same lane, above.
          let at = segment * width + column;
          scatter_carry(at, gather_carry(at, live, vec4<bool>(false)) + sum, live);
        }
        workgroupBarrier();
      }
    }
  }
}
