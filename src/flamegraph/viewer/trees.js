// @ts-check
// Trees derived from another one, with parts left out.

// The tree in which frames are part of their callers if `isHidden`, by their name and their caller's.
// `subtree` is a frame hidden with its descendants, or -1.
/** @param {Tree} tree @param {(name: number, caller: number) => boolean} isHidden @param {number} subtree */
function without(tree, isHidden, subtree) {
  const builder = new Builder();
  const place = new Int32Array(tree.size).fill(-1);
  place[0] = 0;
  builder.add(0, tree.own[0], tree.ownBefore[0]);
  for (let node = 1; node < tree.size; node++) {
    const parent = tree.parent[node];
    const above = place[parent];
    if (above < 0 || node === subtree) {
      continue;
    }
    const name = tree.name[node];
    place[node] = isHidden(name, tree.name[parent]) ? above : builder.child(above, name);
    builder.add(place[node], tree.own[node], tree.ownBefore[node]);
  }
  builder.place = composed(tree.place, place);
  return builder.finish();
}

// The same for a chart, in which nothing is merged. The time of a hidden subtree is cut out.
/** @param {Tree} tree @param {(name: number, caller: number) => boolean} isHidden @param {number} subtree */
function withoutInTime(tree, isHidden, subtree) {
  const left = new Tree(tree.size);
  left.start = new Float64Array(tree.size);
  const place = new Int32Array(tree.size).fill(-1);
  let cut = 0;
  for (let node = 0; node < tree.size; node++) {
    const parent = tree.parent[node];
    const above = node === 0 ? -1 : place[parent];
    if (node === subtree || (node > 0 && above < 0)) {
      cut += tree.own[node];
    } else if (node > 0 && isHidden(tree.name[node], tree.name[parent])) {
      place[node] = above;
      left.own[above] += tree.own[node];
    } else {
      place[node] = left.push(above, tree.name[node]);
      left.own[place[node]] = tree.own[node];
      left.start[place[node]] = tree.start[node] - cut;
    }
  }
  left.place = composed(tree.place, place);
  return left;
}

// The tree of the stacks with a frame for which `isWanted` is 1, by name.
/** @param {Tree} tree @param {Uint8Array} isWanted */
function withFrames(tree, isWanted) {
  const builder = new Builder();
  const isOnPath = new Uint8Array(tree.size);
  const hasAny = new Uint8Array(tree.size);
  for (let node = 1; node < tree.size; node++) {
    isOnPath[node] = isOnPath[tree.parent[node]] | isWanted[Math.max(tree.name[node], 0)];
  }
  for (let node = tree.size - 1; node > 0; node--) {
    hasAny[node] |= isOnPath[node];
    hasAny[tree.parent[node]] |= hasAny[node];
  }
  const place = new Int32Array(tree.size).fill(-1);
  place[0] = 0;
  for (let node = 1; node < tree.size; node++) {
    if (hasAny[node]) {
      place[node] = builder.child(place[tree.parent[node]], tree.name[node]);
      const share = isOnPath[node];
      builder.add(place[node], share * tree.own[node], share * tree.ownBefore[node]);
    }
  }
  builder.place = composed(tree.place, place);
  return builder.finish();
}
