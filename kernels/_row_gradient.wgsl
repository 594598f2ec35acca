// What the update kernels share: the gradient of one row, dense or summed from the rows of a sparse one by
// a plan: where the entries of each row begin in the order, where the last end, and then the order.

fn row_gradient(row: u32, quad: u32) -> vec4f {
  if (params.sparse == 0u) { return gradient[row * params.quads + quad]; }
  var sum = vec4f(0.0);
  for (var at = plan[row]; at < plan[row + 1u]; at++) {
    sum += gradient[plan[params.rows + 1u + at] * params.quads + quad];
  }
  return sum;
}
