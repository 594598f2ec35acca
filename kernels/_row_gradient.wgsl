// What the update kernels share: the gradient of one row, dense or summed from the rows of a sparse one, and the record
// of the first step that met a gradient that is not finite.

fn row_gradient(row: u32, quad: u32) -> vec4f {
  if (params.sparse == 0u) { return gradient[row * params.quads + quad]; }
  var sum = vec4f(0.0);
  for (var at = offsets[row]; at < offsets[row + 1u]; at++) {
    sum += gradient[order[at] * params.quads + quad];
  }
  return sum;
}

fn report_non_finite(g: vec4f) {
  let exponent = vec4u(0x7f800000u);
  if (any((bitcast<vec4u>(g) & exponent) == exponent) && atomicLoad(&status[0]) == 0u) {
    atomicStore(&status[0], params.step);
  }
}

