// A workgroup takes a tile of queries through the items once: a thread owns an item at a time and keeps one sum per
// query. What beats the worst of a query's best so far is appended to the query's candidates, in any order. Before they
// could overflow they are cut to the best `count`, which raises the threshold. The order is total, so what is
// kept does not depend on who came first.
const NONE = 0xffffffffu;
const LOWEST = -3.4e38;
const TILE = 8u;
const MAXIMUM_WORKGROUPS = 512u;

// Columns of the items that are in workgroup memory at a time, and the distance of two: threads that load a column each
// of four items write to 32 banks.
const DEPTH = 8u;
const PITCH = 260u;

// Candidates that a thread holds while they are cut.
const HELD = 8u;

// Candidates that are sorted at a time, a power of two.
const SORTED = 1024u;

// Items by column while scores are made; keys and items of the best while these are sorted.
var<workgroup> shared_words: array<u32, 2080>;
var<workgroup> query_tile: array<array<f32, 8>, 8>;
var<workgroup> lengths: array<atomic<u32>, 8>;
var<workgroup> worst: array<u32, 8>;
var<workgroup> after_keys: array<u32, 8>;
var<workgroup> after_items: array<u32, 8>;
var<workgroup> tally: atomic<u32>;
var<workgroup> agreed: u32;

fn capacity() -> u32 { return min(2048u, (2u * params.count + 511u) / 256u * 256u); }

// An integer that is the greater the better the score, and never 0.
fn key_of(score: f32) -> u32 {
  if (is_nan(score) || score < LOWEST) { return ~bitcast<u32>(f32(LOWEST)); }
  let bits = bitcast<u32>(score);
  // -0 is 0: a fused product may vanish to either
  if ((bits << 1u) == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

fn score_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key ^ 0x80000000u, key >= 0x80000000u));
}

fn comes_before(key: u32, item: u32, other_key: u32, other_item: u32) -> bool {
  return key > other_key || (key == other_key && item < other_item);
}

// How many of the threads' marks are set, over the whole workgroup.
fn count_marks(marks: u32, lane: u32) -> u32 {
  if (lane == 0u) { atomicStore(&tally, 0u); }
  workgroupBarrier();
  if (marks > 0u) { atomicAdd(&tally, marks); }
  workgroupBarrier();
  if (lane == 0u) { agreed = atomicLoad(&tally); }
  return workgroupUniformLoad(&agreed);
}

// Cuts the candidates of a query to the best `count`: finds the key, and of equal keys the item, of the last that stays,
// bit by bit.
fn cut(q: u32, base: u32, length: u32, lane: u32) {
  var keys = array<u32, 8>();
  var items = array<u32, 8>();
  for (var i = 0u; i < HELD; i++) {
    let at = i * WORKGROUP_SIZE + lane;
    if (at < length) {
      keys[i] = scratch[base + at];
      items[i] = scratch[base + capacity() + at];
    }
  }
  var last_key = 0u;
  for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
    let tried = last_key | bit;
    var marks = 0u;
    for (var i = 0u; i < HELD; i++) { marks += u32(keys[i] >= tried); }
    if (count_marks(marks, lane) >= params.count) { last_key = tried; }
  }
  var above = 0u;
  var equal = 0u;
  for (var i = 0u; i < HELD; i++) {
    above += u32(keys[i] > last_key);
    equal += u32(keys[i] == last_key);
  }
  above = count_marks(above, lane);
  equal = count_marks(equal, lane);
  // Items up to this one stay of those with the last key: all, where there is room for all
  var last_item = NONE;
  if (above + equal > params.count) {
    for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
      let tried = last_item ^ bit;
      var marks = 0u;
      for (var i = 0u; i < HELD; i++) { marks += u32(keys[i] == last_key && items[i] <= tried); }
      if (above + count_marks(marks, lane) >= params.count) { last_item = tried; }
    }
  }
  if (lane == 0u) {
    atomicStore(&lengths[q], 0u);
    worst[q] = last_key;
  }
  workgroupBarrier();
  for (var i = 0u; i < HELD; i++) {
    if (keys[i] > 0u && !comes_before(last_key, last_item, keys[i], items[i])) {
      let at = atomicAdd(&lengths[q], 1u);
      scratch[base + at] = keys[i];
      scratch[base + capacity() + at] = items[i];
    }
  }
  storageBarrier();
  workgroupBarrier();
}

// Sorts the candidates of a query and writes them.
fn write_best(query_index: u32, base: u32, length: u32, lane: u32) {
  var size = 1u;
  while (size < length) { size *= 2u; }
  for (var at = lane; at < size; at += WORKGROUP_SIZE) {
    let given = at < length;
    shared_words[at] = select(0u, scratch[base + at], given);
    shared_words[SORTED + at] = select(NONE, scratch[base + capacity() + at], given);
  }
  workgroupBarrier();
  for (var run = 2u; run <= size; run *= 2u) {
    for (var half = run / 2u; half > 0u; half /= 2u) {
      for (var pair = lane; pair < size / 2u; pair += WORKGROUP_SIZE) {
        let at = pair / half * half * 2u + pair % half;
        let other = at + half;
        let key = shared_words[at];
        let item = shared_words[SORTED + at];
        let other_key = shared_words[other];
        let other_item = shared_words[SORTED + other];
        // Runs go down and up in turn
        if (comes_before(other_key, other_item, key, item) == ((at & run) == 0u)) {
          shared_words[at] = other_key;
          shared_words[SORTED + at] = other_item;
          shared_words[other] = key;
          shared_words[SORTED + other] = item;
        }
      }
      workgroupBarrier();
    }
  }
  let to = query_index * params.stride + params.found;
  for (var at = lane; at < params.count; at += WORKGROUP_SIZE) {
    if (at < length) {
      top[to + at] = shared_words[SORTED + at];
      scores[to + at] = score_of(shared_words[at]);
    } else {
      top[to + at] = NONE;
      scores[to + at] = 0.0;
    }
  }
  workgroupBarrier();
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let workgroup = linear_workgroup(id, count);
  let tiles = (params.queries + TILE - 1u) / TILE;
  let room = 2u * capacity();
  for (var tile = workgroup; tile < tiles; tile += MAXIMUM_WORKGROUPS) {
    let first_query = tile * TILE;
    let live = min(TILE, params.queries - first_query);
    if (lane < TILE) {
      atomicStore(&lengths[lane], 0u);
      worst[lane] = 0u;
      after_keys[lane] = NONE;
      after_items[lane] = 0u;
      if (params.found > 0u && lane < live) {
        let at = (first_query + lane) * params.stride + params.found - 1u;
        after_items[lane] = top[at];
        after_keys[lane] = select(key_of(scores[at]), 0u, top[at] == NONE);
      }
    }
    for (var base = 0u; base < params.items; base += WORKGROUP_SIZE) {
      let item = base + lane;
      // Said outright: naga does not zero an array anew for each turn of a loop.
      var sums = array<f32, 8>();
      for (var from_column = 0u; from_column < params.width; from_column += DEPTH) {
        workgroupBarrier();
        let column = from_column + lane % DEPTH;
        for (var row = lane / DEPTH; row < WORKGROUP_SIZE; row += WORKGROUP_SIZE / DEPTH) {
          var value = 0.0;
          if (base + row < params.items && column < params.width) {
            value = table[(params.firstRow + base + row) * params.width + column];
          }
          shared_words[lane % DEPTH * PITCH + row] = bitcast<u32>(value);
        }
        if (lane < TILE * DEPTH) {
          let q = lane / DEPTH;
          var value = 0.0;
          if (q < live && column < params.width) {
            value = query[(params.firstQuery + first_query + q) * params.width + column];
          }
          query_tile[lane % DEPTH][q] = value;
        }
        workgroupBarrier();
        let depth = min(DEPTH, params.width - from_column);
        for (var c = 0u; c < depth; c++) {
          let element = bitcast<f32>(shared_words[c * PITCH + lane]);
          for (var q = 0u; q < TILE; q++) { sums[q] = fma(element, query_tile[c][q], sums[q]); }
        }
      }
      if (item < params.items) {
        for (var q = 0u; q < TILE; q++) {
          if (q >= live) { break; }
          let key = key_of(sums[q]);
          // Items come in ascending order, so one that only equals the worst comes after it.
          if (key > worst[q] && comes_before(after_keys[q], after_items[q], key, item) &&
            !is_excluded(first_query + q, item)) {
            let to = (workgroup * TILE + q) * room + atomicAdd(&lengths[q], 1u);
            scratch[to] = key;
            scratch[to + capacity()] = item;
          }
        }
      }
      storageBarrier();
      workgroupBarrier();
      for (var q = 0u; q < live; q++) {
        if (lane == 0u) { agreed = atomicLoad(&lengths[q]); }
        let length = workgroupUniformLoad(&agreed);
        if (length + WORKGROUP_SIZE > capacity()) { cut(q, (workgroup * TILE + q) * room, length, lane); }
      }
    }
    workgroupBarrier();
    for (var q = 0u; q < live; q++) {
      let base = (workgroup * TILE + q) * room;
      if (lane == 0u) { agreed = atomicLoad(&lengths[q]); }
      var length = workgroupUniformLoad(&agreed);
      // What is left over beyond the best goes with the sort, where there is room
      if (length > SORTED) {
        cut(q, base, length, lane);
        length = params.count;
      }
      write_best(first_query + q, base, length, lane);
    }
  }
}
