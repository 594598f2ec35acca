// A workgroup advances four segments in lockstep. A vec4f holds one element of each of their states, so that what is read
// of W_hh serves all four. Four lanes share an output column: they take turns by quads of a row of W_hh, which so is read
// in pieces of 64 bytes, and leave their parts of the three products in workgroup memory.
const COLUMNS = 64u;
const PARTS = 4u;
const DEPTH = 64u;
var<workgroup> hidden: array<vec4f, 64>;
var<workgroup> parts: array<vec4f, 768>;

// Where exp would overflow, WGSL promises nothing.
fn sigmoid(x: vec4f) -> vec4f { return 1.0 / (1.0 + exp(min(-x, vec4f(87.0)))); }

// As tanh4 of _math.as.ts: WGSL's own tanh may be off by 1e-5.
fn precise_tanh(x: vec4f) -> vec4f {
  let z = x * x;
  var p = vec4f(-5.70498872745e-3);
  p = p * z + 2.06390887954e-2;
  p = p * z - 5.37397155531e-2;
  p = p * z + 1.33314422036e-1;
  p = p * z - 3.33332819422e-1;
  return select(1.0 - 2.0 * sigmoid(-2.0 * x), p * z * x + x, abs(x) < vec4f(0.625));
}

fn gather_input(at: vec4u, live: vec4<bool>) -> vec4f {
  var values = vec4f(0.0);
  if (live.x) { values.x = input[at.x]; }
  if (live.y) { values.y = input[at.y]; }
  if (live.z) { values.z = input[at.z]; }
  if (live.w) { values.w = input[at.w]; }
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

fn scatter_states(at: vec4u, values: vec4f, live: vec4<bool>) {
  if (live.x) { states[at.x] = values.x; }
  if (live.y) { states[at.y] = values.y; }
  if (live.z) { states[at.z] = values.z; }
  if (live.w) { states[at.w] = values.w; }
}

fn scatter_gates(at: vec4u, values: vec4f, live: vec4<bool>) {
  if (live.x) { gates[at.x] = values.x; }
  if (live.y) { gates[at.y] = values.y; }
  if (live.z) { gates[at.z] = values.z; }
  if (live.w) { gates[at.w] = values.w; }
}

fn scatter_last(at: vec4u, values: vec4f, live: vec4<bool>) {
  if (live.x) { last[at.x] = values.x; }
  if (live.y) { last[at.y] = values.y; }
  if (live.z) { last[at.z] = values.z; }
  if (live.w) { last[at.w] = values.w; }
}

fn weigh(w: vec4f, k: u32) -> vec4f {
  return w.x * hidden[k] + w.y * hidden[k + 1u] + w.z * hidden[k + 2u] + w.w * hidden[k + 3u];
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let width = params.quads * 4u;
  let segment = linear_workgroup(id, count) * 4u + vec4u(0u, 1u, 2u, 3u);
  let present = segment < vec4u(params.segments);
  let head = min(segment, vec4u(params.segments));
  let tail = min(segment + 1u, vec4u(params.segments));
  let begin = vec4u(offsets[head.x], offsets[head.y], offsets[head.z], offsets[head.w]);
  let length = vec4u(offsets[tail.x], offsets[tail.y], offsets[tail.z], offsets[tail.w]) - begin;
  // A state that fits stays in workgroup memory; a wider one is read back from `states`, piece by piece.
  let whole = width <= DEPTH;

  for (var column = lane; column < width; column += WORKGROUP_SIZE) {
    scatter_states(begin * width + column, vec4f(0.0), length > vec4u(0u));
    scatter_last(segment * width + column, vec4f(0.0), present & (length == vec4u(0u)));
  }
  if (lane < DEPTH) { hidden[lane] = vec4f(0.0); }
  storageBarrier();
  workgroupBarrier();

  for (var step = 0u; step < length.x; step++) {
    let live = vec4u(step) < length;
    let token = begin + step;
    for (var base = 0u; base < width; base += COLUMNS) {
      let column = base + lane / PARTS;
      var r_part = vec4f(0.0);
      var z_part = vec4f(0.0);
      var n_part = vec4f(0.0);
      // The first state is 0.
      if (step > 0u) {
        for (var start = 0u; start < width; start += DEPTH) {
          if (!whole) {
            workgroupBarrier();
            if (lane < DEPTH && start + lane < width) {
              hidden[lane] = gather_states(token * width + start + lane, live);
            }
            workgroupBarrier();
          }
          if (column < width) {
            let depth = min(DEPTH, width - start);
            let r_row = params.weightOffset + column * params.quads + start / 4u;
            let z_row = r_row + width * params.quads;
            let n_row = z_row + width * params.quads;
            for (var quad = lane % PARTS; quad * 4u < depth; quad += PARTS) {
              r_part += weigh(parameters[r_row + quad], quad * 4u);
              z_part += weigh(parameters[z_row + quad], quad * 4u);
              n_part += weigh(parameters[n_row + quad], quad * 4u);
            }
          }
        }
      }
      parts[lane] = r_part;
      parts[lane + 256u] = z_part;
      parts[lane + 512u] = n_part;
      workgroupBarrier();
      let own = base + lane;
      if (lane < COLUMNS && own < width) {
        var gh_r = vec4f(0.0);
        var gh_z = vec4f(0.0);
        var gh_n = vec4f(0.0);
        for (var part = lane * PARTS; part < lane * PARTS + PARTS; part++) {
          gh_r += parts[part];
          gh_z += parts[part + 256u];
          gh_n += parts[part + 512u];
        }
        let gi = token * 3u * width + own;
        let r = sigmoid(gather_input(gi, live) + gh_r);
        let z = sigmoid(gather_input(gi + width, live) + gh_z);
        let n = precise_tanh(gather_input(gi + 2u * width, live) + r * gh_n);
        var state = hidden[lane];
        if (!whole) { state = gather_states(token * width + own, live); }
        let next = n + z * (state - n);
        if (whole) { hidden[lane] = next; }
        let ends = vec4u(step + 1u) == length;
        scatter_states((token + 1u) * width + own, next, live & !ends);
        scatter_last(segment * width + own, next, live & ends);
        if (params.keep == 1u) {
          let gate = token * 4u * width + own;
          scatter_gates(gate, r, live);
          scatter_gates(gate + width, z, live);
          scatter_gates(gate + 2u * width, n, live);
          scatter_gates(gate + 3u * width, gh_n, live);
        }
      }
      workgroupBarrier();
    }
    storageBarrier();
    workgroupBarrier();
  }
}
