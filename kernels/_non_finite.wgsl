// The record of the first step that met a value that is not finite. By bits: drivers may take it that there are none.
fn report_non_finite(value: vec4f, word: u32) {
  let exponent = vec4u(0x7f800000u);
  if (any((bitcast<vec4u>(value) & exponent) == exponent) && atomicLoad(&status[word]) == 0u) {
    atomicStore(&status[word], params.step);
  }
}
