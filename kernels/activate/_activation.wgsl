const RELU = 1u;
const GELU = 2u;
const ELU = 3u;
const ROOT = 5u;

// A rational approximation on [-4, 4], as erf4 of _math.as.ts: within 4.2e-7.
fn erf4(x: vec4f) -> vec4f {
  let t = clamp(x, vec4f(-4.0), vec4f(4.0));
  let z = t * t;
  var p = vec4f(-2.72614225801306e-10);
  p = p * z + 2.77068142495902e-8;
  p = p * z - 2.10102402082508e-6;
  p = p * z - 5.69250639462346e-5;
  p = p * z - 7.34990630326855e-4;
  p = p * z - 2.95459980854025e-3;
  p = p * z - 1.60960333262415e-2;
  var q = vec4f(-1.45660718464996e-5);
  q = q * z - 2.13374055278905e-4;
  q = q * z - 1.68282697438203e-3;
  q = q * z - 7.37332916720468e-3;
  q = q * z - 1.42647390514189e-2;
  return t * p / q;
}

fn activation(x: vec4f) -> vec4f {
  if (params.kind == 0u) { return x; }
  if (params.kind == RELU) { return max(x, vec4f(0.0)); }
  if (params.kind == GELU) { return 0.5 * x * (1.0 + erf4(x * 0.70710678)); }
  let positive = x > vec4f(0.0);
  // Nothing overflows in the lanes that are not selected.
  let e = exp(min(x, vec4f(0.0)));
  if (params.kind == ELU) { return select(e - 1.0, x, positive); }
  let y = select(e, x + 1.0, positive);
  if (params.kind != ROOT) { return y; }
  return sqrt(max(y, vec4f(1e-24)));
}

fn activation_slope(x: vec4f) -> vec4f {
  let positive = x > vec4f(0.0);
  if (params.kind == RELU) { return select(vec4f(0.0), vec4f(1.0), positive); }
  if (params.kind == GELU) {
    return 0.5 * (1.0 + erf4(x * 0.70710678)) + x * (0.39894228 * exp(-0.5 * x * x));
  }
  let e = exp(min(x, vec4f(0.0)));
  let rise = select(e, vec4f(1.0), positive);
  if (params.kind != ROOT) { return rise; }
  let y = select(e, x + 1.0, positive);
  return select(vec4f(0.0), 0.5 * rise / sqrt(max(y, vec4f(1e-24))), y >= vec4f(1e-24));
}
