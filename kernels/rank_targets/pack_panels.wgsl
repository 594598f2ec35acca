const PANEL_ITEMS = 16u;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = linear_workgroup(id, count) * WORKGROUP_SIZE + lane;
  let item = index / (PANEL_ITEMS * params.width) * PANEL_ITEMS + index % PANEL_ITEMS;
  let column = index / PANEL_ITEMS % params.width;
  if (item / PANEL_ITEMS * PANEL_ITEMS >= params.items) { return; }
  var value = 0.0;
  if (item < params.items) { value = table[(params.firstRow + item) * params.width + column]; }
  panels[index] = value;
}
