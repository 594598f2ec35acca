// A workgroup per query. Round k finds the best item that comes after the one of round k - 1: nothing is stored but
// the answer, at the price of scoring the catalogue once a round.
const PANEL_ITEMS = 16u;
const NONE = 0xffffffffu;
const LOWEST = -3.4e38;
var<workgroup> best_scores: array<f32, 256>;
var<workgroup> best_items: array<u32, 256>;

fn comes_before(score: f32, item: u32, other_score: f32, other_item: u32) -> bool {
  if (other_item == NONE) { return item != NONE; }
  return item != NONE && (score > other_score || (score == other_score && item < other_item));
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let q = linear_workgroup(id, count);
  var last_score = 0.0;
  var last_item = NONE;
  for (var round = 0u; round < params.count; round++) {
    var best_score = LOWEST;
    var best_item = NONE;
    if (q < params.queries && (round == 0u || last_item != NONE)) {
      for (var item = lane; item < params.items; item += WORKGROUP_SIZE) {
        var score = 0.0;
        for (var column = 0u; column < params.width; column++) {
          let element = panels[(item / PANEL_ITEMS * params.width + column) * PANEL_ITEMS + item % PANEL_ITEMS];
          score = fma(element, query[(params.firstQuery + q) * params.width + column], score);
        }
        if (is_nan(score) || score < LOWEST) { score = LOWEST; }
        let follows = round == 0u || comes_before(last_score, last_item, score, item);
        if (follows && item != last_item && comes_before(score, item, best_score, best_item) && !is_excluded(q, item)) {
          best_score = score;
          best_item = item;
        }
      }
    }
    best_scores[lane] = best_score;
    best_items[lane] = best_item;
    workgroupBarrier();
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
      if (lane < half && comes_before(best_scores[lane + half], best_items[lane + half], best_scores[lane], best_items[lane])) {
        best_scores[lane] = best_scores[lane + half];
        best_items[lane] = best_items[lane + half];
      }
      workgroupBarrier();
    }
    last_score = best_scores[0];
    last_item = best_items[0];
    workgroupBarrier();
    if (lane == 0u && q < params.queries) {
      top[q * params.stride + round] = last_item;
      scores[q * params.stride + round] = select(last_score, 0.0, last_item == NONE);
    }
  }
}
