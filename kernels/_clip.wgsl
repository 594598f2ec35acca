// The gradient clipped: by the factor that the norm of all gradients makes, or element by element.
fn clip(g: vec4f) -> vec4f {
  var clipped = g;
  if (params.clipped == 1u) { clipped *= bitcast<f32>(atomicLoad(&status[2])); }
  if (params.limit != 0.0) { clipped = clamp(clipped, vec4f(-params.limit), vec4f(params.limit)); }
  return clipped;
}
