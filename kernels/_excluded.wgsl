// What the ranking kernels share: which scores and items count.

// By bits: drivers may take comparisons with NaN as they like.
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

fn is_excluded(q: u32, item: u32) -> bool {
  var low = offsets[q];
  var high = offsets[q + 1u];
  while (low < high) {
    let middle = (low + high) / 2u;
    if (excluded[middle] < item) { low = middle + 1u; } else { high = middle; }
  }
  return low < offsets[q + 1u] && excluded[low] == item;
}

