// Candidates are pairs of a score and a row in one integer each, the better the greater, and no two are alike: so what is
// selected and sorted below does not depend on the order in which it came.

/** Of up to so many candidates the order is found by insertion. */
const FEW: i32 = 8;

/** State of the draws of a pivot's three candidates: with fixed places, some inputs make every partition a bad one. */
let draw: u32 = 1;

/** The candidate of a row. A score is never -0: sums start at 0. */
export function candidate(score: f32, row: u32): u64 {
  const bits = reinterpret<u32>(score);
  const ordered = bits & 0x80000000 ? ~bits : bits | 0x80000000;
  return <u64> ordered << 32 | ~row;
}

/** The score of a candidate. */
export function scoreOf(candidate: u64): f32 {
  const ordered = <u32> (candidate >> 32);
  return reinterpret<f32>(ordered & 0x80000000 ? ordered ^ 0x80000000 : ~ordered);
}

/** The row of a candidate. */
export function rowOf(candidate: u64): u32 {
  return ~(<u32> candidate);
}

/** Puts the best `count` of the candidates in `[list, end)` first, the worst of them last, and returns that one. */
export function keepBest(list: usize, end: usize, count: u32): u64 {
  const wanted = list + (<usize> (count - 1) << 3);
  while (<i32> (end - list) > FEW << 3) {
    const middle = partition(list, end);
    if (wanted < middle) end = middle;
    else list = middle;
  }
  insertionSort(list, end);
  return load<u64>(wanted);
}

/** Sorts the candidates in `[list, end)`, best first. */
export function sort(list: usize, end: usize): void {
  while (<i32> (end - list) > FEW << 3) {
    const middle = partition(list, end);
    sort(middle, end);
    end = middle;
  }
  insertionSort(list, end);
}

/**
 * Puts what is better than the median of three candidates first, and returns where the rest begins: something is on either
 * side. No branch depends on the candidates.
 */
function partition(list: usize, end: usize): usize {
  draw = draw * 1664525 + 1013904223;
  const third = (end - list >> 3) / 3, place = <usize> (<u64> draw * third >> 32);
  const a = load<u64>(list + (place << 3)), b = load<u64>(list + ((third + place) << 3));
  const c = load<u64>(list + ((2 * third + place) << 3));
  const low = a < b ? a : b, high = a < b ? b : a, least = high < c ? high : c;
  const pivot = low > least ? low : least;
  let to = list;
  for (let from = list; from < end; from += 8) {
    const x = load<u64>(from);
    store<u64>(from, load<u64>(to));
    store<u64>(to, x);
    to += <usize> (x > pivot) << 3;
  }
  return to;
}

function insertionSort(list: usize, end: usize): void {
  for (let next = list + 8; next < end; next += 8) {
    const x = load<u64>(next);
    let to = next;
    for (; to > list && load<u64>(to - 8) < x; to -= 8) store<u64>(to, load<u64>(to - 8));
    store<u64>(to, x);
  }
}
