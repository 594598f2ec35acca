// Mirrors `Entries`.
const WEIGHTED = 0u;
const ONES = 1u;
const WITHIN = 2u;

// A thread owns four columns of one row. Threads of a row are neighbours, so every row gathered from a row-major matrix
// is one run of consecutive 16-byte loads, and the edge's index and weight are broadcast from cache.
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  let row = index / params.quads;
  if (row >= params.rows || (params.turn != 0u && atomicLoad(&status[0]) < params.turn)) { return; }
  let quad = index % params.quads;
  let begin = rowOffsets[row];
  let end = rowOffsets[row + 1u];

  let weighted = params.entries == WEIGHTED;
  var sum = vec4f(0.0);
  if (begin < end && columns[begin] >= params.sourceRows) {
    // Pieces of a hub, each of which counts once
    for (var edge = begin; edge < end; edge++) {
      sum += partials[(columns[edge] - params.sourceRows) * params.quads + quad];
    }
  } else {
    let first = panel_place(0u, quad, params.sourceRows, params.quads, params.panel);
    let stride = panel_place(1u, quad, params.sourceRows, params.quads, params.panel) - first;
    if (weighted) {
      for (var edge = begin; edge < end; edge++) { sum += values[edge] * source[first + columns[edge] * stride]; }
    } else {
      for (var edge = begin; edge < end; edge++) { sum += source[first + columns[edge] * stride]; }
    }
  }

  var neighbour = params.neighbour;
  var own = params.own;
  if (params.entries > ONES) {
    let scale = values[row];
    if (params.entries == WITHIN) {
      neighbour *= scale * scale;
    } else {
      neighbour *= scale;
      own /= scale;
    }
  }
  var result = neighbour * sum;
  if (params.own != 0.0) {
    result += own * addend[panel_place(row, quad, params.rows, params.quads, params.panel)];
  }
  let at = panel_place(row, quad, params.rows, params.quads, params.outputPanel);
  if (params.keep != 0.0) { result += params.keep * output[at]; }
  output[at] = result;
  if (params.step != 0u) { report_non_finite(result, 0u); }
}
