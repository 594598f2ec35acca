export function appendColumn(
  input: usize,
  column: usize,
  output: usize,
  rows: u32,
  quads: u32,
  first: u32,
  value: f32,
  given: u32,
  begin: u32,
  end: u32,
): void {
  const bytes = <usize> quads << 4;
  let to = output + <usize> begin * (bytes + 16);
  for (let row = begin; row < end; row++, to += bytes + 16) {
    memory.copy(to, input + <usize> row * bytes, bytes);
    const appended = given ? load<f32>(column + (<usize> (first + row) << 2)) : value;
    v128.store(to + bytes, f32x4.replace_lane(f32x4.splat(0), 0, appended));
  }
}
