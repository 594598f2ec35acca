// A workgroup scores a split of the items against a tile of queries: a thread owns an item at a time and keeps one
// sum per query, so that each panel element it loads serves the whole tile.
const PANEL_ITEMS = 16u;
const SPLIT_ITEMS = 4096u;
const TILE = 8u;
const DEPTH = 64u;
var<workgroup> tile: array<array<f32, 8>, 64>;
var<workgroup> target_scores: array<f32, 8>;
var<workgroup> target_last: array<u32, 8>;
var<workgroup> before: array<atomic<u32>, 8>;

fn panel_element(item: u32, column: u32) -> f32 {
  return panels[(item / PANEL_ITEMS * params.width + column) * PANEL_ITEMS + item % PANEL_ITEMS];
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let splits = (params.items + SPLIT_ITEMS - 1u) / SPLIT_ITEMS;
  let workgroup = linear_workgroup(id, count);
  let first_query = workgroup / splits * TILE;
  let first_item = workgroup % splits * SPLIT_ITEMS;
  let last_item = min(first_item + SPLIT_ITEMS, params.items);

  if (lane < TILE && first_query + lane < params.queries) {
    let q = first_query + lane;
    var score = 0.0;
    for (var column = 0u; column < params.width; column++) {
      score = fma(panel_element(targets[q], column), query[(params.firstQuery + q) * params.width + column], score);
    }
    target_scores[lane] = score;
    target_last[lane] = u32(is_nan(score) || is_excluded(q, targets[q]));
  }
  workgroupBarrier();

  for (var base = first_item; base < last_item; base += WORKGROUP_SIZE) {
    let item = base + lane;
    // Said outright: naga does not zero an array anew for each turn of a loop.
    var scores = array<f32, 8>();
    for (var from_column = 0u; from_column < params.width; from_column += DEPTH) {
      let depth = min(DEPTH, params.width - from_column);
      workgroupBarrier();
      for (var at = lane; at < TILE * DEPTH; at += WORKGROUP_SIZE) {
        let q = first_query + at / DEPTH;
        let column = at % DEPTH;
        var value = 0.0;
        if (q < params.queries && column < depth) {
          value = query[(params.firstQuery + q) * params.width + from_column + column];
        }
        tile[column][at / DEPTH] = value;
      }
      workgroupBarrier();
      if (item < last_item) {
        for (var column = 0u; column < depth; column++) {
          let element = panel_element(item, from_column + column);
          for (var q = 0u; q < TILE; q++) { scores[q] = fma(element, tile[column][q], scores[q]); }
        }
      }
    }
    if (item < last_item) {
      for (var q = 0u; q < TILE; q++) {
        let query_index = first_query + q;
        if (query_index >= params.queries) { break; }
        let target_item = targets[query_index];
        let score = scores[q];
        let ahead = target_last[q] == 1u || is_nan(score) || score > target_scores[q] ||
          (score == target_scores[q] && item < target_item);
        if (ahead && item != target_item && !is_excluded(query_index, item)) {
          atomicAdd(&before[q], 1u);
        }
      }
    }
  }
  workgroupBarrier();
  if (lane < TILE && first_query + lane < params.queries) {
    atomicAdd(&ranks[first_query + lane], atomicLoad(&before[lane]));
  }
}
