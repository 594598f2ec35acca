// Covariances and their roots.
const LEAST = 1e-24;

// elu(x) + 1.
fn covariance(x: vec4f) -> vec4f { return select(exp(min(x, vec4f(0.0))), x + 1.0, x > vec4f(0.0)); }

fn root(c: vec4f) -> vec4f { return sqrt(max(c, vec4f(LEAST))); }
