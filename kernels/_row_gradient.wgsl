// What the update kernels share: the gradient of one row, dense or summed from the rows of a sparse one.

fn row_gradient(row: u32, quad: u32) -> vec4f {
  if (params.sparse == 0u) { return gradient[row * params.quads + quad]; }
  var sum = vec4f(0.0);
  for (var at = offsets[row]; at < offsets[row + 1u]; at++) {
    sum += gradient[order[at] * params.quads + quad];
  }
  return sum;
}
