import { sigmoid4, tanh4 } from "../_math.as";

/** Segments that advance together, so that what is read of W_hh serves all of them. */
const BLOCK: u32 = 8;

/**
 * The segments of a block that are longer than `step`, of which there are `active` at most: the first so many, as
 * segments come longest first.
 */
function longerThan(step: u32, block: usize, active: u32): u32 {
  while (active > 0) {
    const at = block + (<usize> active << 2);
    if (load<u32>(at) - load<u32>(at - 4) > step) break;
    active--;
  }
  return active;
}

/** The sums of the lanes of a, b, c and d, in this order. */
function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

export function gru(
  input: usize,
  parameters: usize,
  offsets: usize,
  states: usize,
  gates: usize,
  last: usize,
  segments: u32,
  quads: u32,
  weightOffset: u32,
  keep: u32,
  begin: u32,
  end: u32,
): void {
  const row = <usize> quads << 4;
  const plane = row * row >> 2;
  const weights = parameters + (<usize> weightOffset << 4);
  const blocks = (segments + BLOCK - 1) / BLOCK;
  for (let item = begin; item < end; item++) {
    // Threads take the last items first: those are to be the longest, so that all end at about the same time.
    const first = (blocks - 1 - item) * BLOCK;
    const count = min(BLOCK, segments - first);
    const block = offsets + (<usize> first << 2);
    const results = last + <usize> first * row;
    for (let s: u32 = 0; s < count; s++) {
      const at = load<u32>(block + (<usize> s << 2)), empty = at == load<u32>(block + (<usize> s << 2), 4);
      memory.fill(empty ? results + <usize> s * row : states + <usize> at * row, 0, row);
    }
    let active = count;
    for (let step: u32 = 0; (active = longerThan(step, block, active)) > 0; step++) {
      // The state at the start is 0, and so is what it is multiplied into.
      const depth: usize = step == 0 ? 0 : row;
      for (let column: usize = 0; column < row; column += 16) {
        const columnWeights = weights + (column >> 2) * row;
        for (let s: u32 = 0; s < active; s += 2) {
          // The last of an odd number is computed twice, to the same result.
          const t = min(s + 1, active - 1);
          const segmentA = block + (<usize> s << 2), segmentB = block + (<usize> t << 2);
          const a = <usize> (load<u32>(segmentA) + step), b = <usize> (load<u32>(segmentB) + step);
          const stateA = states + a * row, stateB = states + b * row;
          const inputA = input + 3 * a * row + column, inputB = input + 3 * b * row + column;
          const gatesA = gates + 4 * a * row + column, gatesB = gates + 4 * b * row + column;
          let ra = f32x4.splat(0), rb = ra, za = ra, zb = ra;
          let w = columnWeights;
          // Each gate is made when its product is there, and not all at the end: the next product fills the time in
          // which one operation of a sigmoid waits for another.
          for (let gate: usize = 0; gate < 3; gate++, w += plane) {
            let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
            const w1 = w + row, w2 = w1 + row, w3 = w2 + row;
            for (let k: usize = 0; k < depth; k += 16) {
              const ha = v128.load(stateA + k), hb = v128.load(stateB + k);
              let v = v128.load(w + k);
              a0 = f32x4.add(a0, f32x4.mul(ha, v));
              b0 = f32x4.add(b0, f32x4.mul(hb, v));
              v = v128.load(w1 + k);
              a1 = f32x4.add(a1, f32x4.mul(ha, v));
              b1 = f32x4.add(b1, f32x4.mul(hb, v));
              v = v128.load(w2 + k);
              a2 = f32x4.add(a2, f32x4.mul(ha, v));
              b2 = f32x4.add(b2, f32x4.mul(hb, v));
              v = v128.load(w3 + k);
              a3 = f32x4.add(a3, f32x4.mul(ha, v));
              b3 = f32x4.add(b3, f32x4.mul(hb, v));
            }
            const gha = sums4(a0, a1, a2, a3), ghb = sums4(b0, b1, b2, b3);
            const gia = v128.load(inputA + gate * row), gib = v128.load(inputB + gate * row);
            if (gate < 2) {
              ra = za;
              rb = zb;
              za = sigmoid4(f32x4.add(gia, gha));
              zb = sigmoid4(f32x4.add(gib, ghb));
              if (keep) {
                v128.store(gatesA + gate * row, za);
                v128.store(gatesB + gate * row, zb);
              }
              continue;
            }
            const na = tanh4(f32x4.add(gia, f32x4.mul(ra, gha))), nb = tanh4(f32x4.add(gib, f32x4.mul(rb, ghb)));
            // The state after a token is the one before the next.
            const nextA = a + 1 < <usize> load<u32>(segmentA, 4) ? stateA + row : results + <usize> s * row;
            const nextB = b + 1 < <usize> load<u32>(segmentB, 4) ? stateB + row : results + <usize> t * row;
            v128.store(nextA + column, f32x4.add(na, f32x4.mul(za, f32x4.sub(v128.load(stateA + column), na))));
            v128.store(nextB + column, f32x4.add(nb, f32x4.mul(zb, f32x4.sub(v128.load(stateB + column), nb))));
            if (keep) {
              v128.store(gatesA + 2 * row, na);
              v128.store(gatesB + 2 * row, nb);
              v128.store(gatesA + 3 * row, gha);
              v128.store(gatesB + 3 * row, ghb);
            }
          }
        }
      }
    }
  }
}

/**
 * Four columns of a step back: the gradient of the gates from that of the state after it, `dh`; what of it reaches the
 * state before directly is left at `carry`.
 */
function retreat(dh: v128, row: usize, state: usize, gates: usize, dInput: usize, dHidden: usize, carry: usize): void {
  const one = f32x4.splat(1);
  const r = v128.load(gates), z = v128.load(gates + row), n = v128.load(gates + 2 * row);
  const dn = f32x4.mul(f32x4.mul(dh, f32x4.sub(one, z)), f32x4.sub(one, f32x4.mul(n, n)));
  const dz = f32x4.mul(f32x4.mul(dh, f32x4.sub(v128.load(state), n)), f32x4.mul(z, f32x4.sub(one, z)));
  const dr = f32x4.mul(f32x4.mul(dn, v128.load(gates + 3 * row)), f32x4.mul(r, f32x4.sub(one, r)));
  v128.store(dInput, dr);
  v128.store(dInput + row, dz);
  v128.store(dInput + 2 * row, dn);
  v128.store(dHidden, dr);
  v128.store(dHidden + row, dz);
  v128.store(dHidden + 2 * row, f32x4.mul(dn, r));
  v128.store(carry, f32x4.mul(dh, z));
}

export function gruGradient(
  parameters: usize,
  offsets: usize,
  states: usize,
  gates: usize,
  lastGradient: usize,
  inputGradient: usize,
  hiddenGradient: usize,
  scratch: usize,
  segments: u32,
  quads: u32,
  weightOffset: u32,
  begin: u32,
  end: u32,
): void {
  const row = <usize> quads << 4;
  const weights = parameters + (<usize> weightOffset << 4);
  const weightsEnd = weights + (3 * row * row >> 2);
  const blocks = (segments + BLOCK - 1) / BLOCK;
  for (let item = begin; item < end; item++) {
    const first = (blocks - 1 - item) * BLOCK;
    const count = min(BLOCK, segments - first);
    const block = offsets + (<usize> first << 2);
    const carries = scratch + <usize> first * row;
    let active: u32 = 0;
    for (let step = load<u32>(block, 4) - load<u32>(block); step-- > 0;) {
      const before = active;
      active = longerThan(step, block, count);
      for (let s: u32 = 0; s < active; s++) {
        const token = <usize> (load<u32>(block + (<usize> s << 2)) + step);
        const carry = carries + <usize> s * row;
        const from = s < before ? carry : lastGradient + <usize> (first + s) * row;
        const state = states + token * row, gate = gates + 4 * token * row;
        const dInput = inputGradient + 3 * token * row, dHidden = hiddenGradient + 3 * token * row;
        for (let c: usize = 0; c < row; c += 16) {
          retreat(v128.load(from + c), row, state + c, gate + c, dInput + c, dHidden + c, carry + c);
        }
      }
      // Nothing comes before the first state.
      if (step == 0) break;
      for (let c: usize = 0; c < row;) {
        const four = c + 64 <= row;
        for (let s: u32 = 0; s < active; s += 2) {
          const t = min(s + 1, active - 1);
          let a = hiddenGradient + 3 * <usize> (load<u32>(block + (<usize> s << 2)) + step) * row;
          let b = hiddenGradient + 3 * <usize> (load<u32>(block + (<usize> t << 2)) + step) * row;
          const carryA = carries + <usize> s * row + c, carryB = carries + <usize> t * row + c;
          if (four) {
            let a0 = v128.load(carryA), a1 = v128.load(carryA, 16), a2 = v128.load(carryA, 32);
            let b0 = v128.load(carryB), b1 = v128.load(carryB, 16), b2 = v128.load(carryB, 32);
            let a3 = v128.load(carryA, 48), b3 = v128.load(carryB, 48);
            for (let w = weights + c; w < weightsEnd; w += row, a += 4, b += 4) {
              const da = v128.load32_splat(a), db = v128.load32_splat(b);
              let v = v128.load(w);
              a0 = f32x4.add(a0, f32x4.mul(da, v));
              b0 = f32x4.add(b0, f32x4.mul(db, v));
              v = v128.load(w, 16);
              a1 = f32x4.add(a1, f32x4.mul(da, v));
              b1 = f32x4.add(b1, f32x4.mul(db, v));
              v = v128.load(w, 32);
              a2 = f32x4.add(a2, f32x4.mul(da, v));
              b2 = f32x4.add(b2, f32x4.mul(db, v));
              v = v128.load(w, 48);
              a3 = f32x4.add(a3, f32x4.mul(da, v));
              b3 = f32x4.add(b3, f32x4.mul(db, v));
            }
            v128.store(carryA, a0);
            v128.store(carryA, a1, 16);
            v128.store(carryA, a2, 32);
            v128.store(carryA, a3, 48);
            v128.store(carryB, b0);
            v128.store(carryB, b1, 16);
            v128.store(carryB, b2, 32);
            v128.store(carryB, b3, 48);
          } else {
            let a0 = v128.load(carryA), b0 = v128.load(carryB);
            for (let w = weights + c; w < weightsEnd; w += row, a += 4, b += 4) {
              const v = v128.load(w);
              a0 = f32x4.add(a0, f32x4.mul(v128.load32_splat(a), v));
              b0 = f32x4.add(b0, f32x4.mul(v128.load32_splat(b), v));
            }
            v128.store(carryA, a0);
            v128.store(carryB, b0);
          }
        }
        c += four ? 64 : 16;
      }
    }
  }
}
