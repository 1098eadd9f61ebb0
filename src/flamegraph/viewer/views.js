// Trees derived from the profile's, and their layout.

// Merges stacks into a tree in any order. Children are found in its own hash table, because inverting a large
// graph takes millions of steps.
class Builder {
  constructor() {
    this.slots = new Int32Array(1 << 12).fill(-1);
    this.name = [-1];
    this.parent = [-1];
    this.own = [0];
    this.ownBefore = [0];
    this.place = null;
  }

  child(parent, name) {
    const slot = this.slotOf(parent, name);
    if (this.slots[slot] >= 0) {
      return this.slots[slot];
    }
    const child = this.name.length;
    this.slots[slot] = child;
    this.name.push(name);
    this.parent.push(parent);
    this.own.push(0);
    this.ownBefore.push(0);
    if (2 * child > this.slots.length) {
      this.grow();
    }
    return child;
  }

  // The slot of a child, or a free one for it.
  slotOf(parent, name) {
    const mask = this.slots.length - 1;
    const hash = Math.imul(Math.imul(parent, 0x9e3779b1) ^ name, 0x85ebca6b);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const child = this.slots[slot];
      if (child < 0 || (this.parent[child] === parent && this.name[child] === name)) {
        return slot;
      }
    }
  }

  grow() {
    this.slots = new Int32Array(2 * this.slots.length).fill(-1);
    for (let node = 1; node < this.name.length; node++) {
      this.slots[this.slotOf(this.parent[node], this.name[node])] = node;
    }
  }

  add(node, own, before) {
    this.own[node] += own;
    this.ownBefore[node] += before;
  }

  finish() {
    return inOrder(this, this.name.length, null);
  }
}

// The tree of nodes given in any order, parents first, with siblings sorted by `compare`, or unsorted.
function inOrder(nodes, size, compare) {
  const first = new Int32Array(size).fill(-1);
  const next = new Int32Array(size).fill(-1);
  for (let node = size - 1; node > 0; node--) {
    const parent = nodes.parent[node];
    next[node] = first[parent];
    first[parent] = node;
  }
  const tree = new Tree(size);
  const place = new Int32Array(size);
  const pending = [0];
  while (pending.length > 0) {
    const node = pending.pop();
    place[node] = tree.push(node === 0 ? -1 : place[nodes.parent[node]], nodes.name[node]);
    tree.own[place[node]] = nodes.own[node];
    tree.ownBefore[place[node]] = nodes.ownBefore[node];
    const children = [];
    for (let child = first[node]; child >= 0; child = next[child]) {
      children.push(child);
    }
    if (compare) {
      children.sort(compare);
    }
    while (children.length > 0) {
      pending.push(children.pop());
    }
  }
  tree.place = composed(nodes.place, place);
  return tree;
}

// Where the nodes of the profile's tree are after another step; -1 for those that are left out.
function composed(first, second) {
  return first ? first.map((node) => (node < 0 ? -1 : second[node])) : second;
}

// Inverts stacks: the last function called is at the root.
function callersFirst(tree) {
  return new Turning(tree).finish();
}

// Walks all stacks in parallel, from their ends to the root: stacks that have the same functions so far are a
// group, and a node of the new tree. A large graph takes millions of steps, so the only table is one of the
// functions called by one group.
class Turning {
  constructor(tree) {
    this.tree = tree;
    this.made = new Tree(tree.size);
    // The stacks, with those of a group adjacent, and the current frame of each.
    this.stacks = endsOfStacks(tree);
    this.at = this.stacks.slice();
    this.stacksBefore = new Int32Array(this.stacks.length);
    this.atBefore = new Int32Array(this.stacks.length);
    // By name: the index of its group among those being split off.
    this.place = new Int32Array(1 + largest(tree.name, tree.size)).fill(-1);
    // Pending groups; the next one is last: the node above, and the start and end of their stacks.
    this.pending = [];
  }

  finish() {
    const { tree, made } = this;
    made.push(-1, -1);
    made.add(0, tree.own[0], tree.ownBefore[0]);
    this.split(0, 0, this.stacks.length);
    while (this.pending.length > 0) {
      const [above, from, to] = this.pending.pop();
      if (to - from === 1) {
        this.climb(above, from);
        continue;
      }
      const node = made.push(above, tree.name[this.at[from]]);
      this.split(node, from, this.moveUp(node, from, to));
    }
    return made;
  }

  // Walks the only stack of a group to its end.
  climb(above, index) {
    const { tree, made } = this;
    const stack = this.stacks[index];
    let node = above;
    for (let at = this.at[index]; at > 0; at = tree.parent[at]) {
      node = made.push(node, tree.name[at]);
    }
    made.add(node, tree.own[stack], tree.ownBefore[stack]);
  }

  // Advances the stacks of a group by one frame. Those that end belong to the node; returns where the others
  // end.
  moveUp(node, from, to) {
    const { tree, made, stacks, at } = this;
    let end = from;
    for (let index = from; index < to; index++) {
      const stack = stacks[index];
      const caller = tree.parent[at[index]];
      if (caller > 0) {
        stacks[end] = stack;
        at[end++] = caller;
      } else {
        made.add(node, tree.own[stack], tree.ownBefore[stack]);
      }
    }
    return end;
  }

  // Splits the stacks into groups by their current functions.
  split(node, from, to) {
    const groups = this.groups(from, to);
    if (groups.length > 1) {
      this.sort(groups, from, to);
    }
    let end = to;
    for (const { name, count } of groups.reverse()) {
      this.pending.push([node, end - count, end]);
      end -= count;
      this.place[name] = -1;
    }
  }

  // The functions, in order of first occurrence, with the number of stacks of each.
  groups(from, to) {
    const { tree, at, place } = this;
    const groups = [];
    for (let index = from; index < to; index++) {
      const name = tree.name[at[index]];
      if (place[name] < 0) {
        place[name] = groups.length;
        groups.push({ name, count: 0 });
      }
      groups[place[name]].count++;
    }
    return groups;
  }

  // Moves the stacks of each group together, in a stable order.
  sort(groups, from, to) {
    const { tree, stacks, at, stacksBefore, atBefore, place } = this;
    stacksBefore.set(stacks.subarray(from, to));
    atBefore.set(at.subarray(from, to));
    const next = [from];
    for (const { count } of groups) {
      next.push(next[next.length - 1] + count);
    }
    for (let index = 0; index < to - from; index++) {
      const target = next[place[tree.name[atBefore[index]]]]++;
      stacks[target] = stacksBefore[index];
      at[target] = atBefore[index];
    }
  }
}

// The nodes at which stacks end.
function endsOfStacks(tree) {
  const ends = [];
  for (let node = 1; node < tree.size; node++) {
    if (tree.own[node] > 0 || tree.ownBefore[node] > 0) {
      ends.push(node);
    }
  }
  return Int32Array.from(ends);
}

function largest(values, size) {
  let found = 0;
  for (let index = 0; index < size; index++) {
    found = Math.max(found, values[index]);
  }
  return found;
}

// Adds `node` and its callers below `from`.
function climb(builder, from, tree, node) {
  for (let at = node; at > 0; at = tree.parent[at]) {
    from = builder.child(from, tree.name[at]);
  }
  return from;
}

// All callees and callers of a function. For a recursive function, the outermost frames count.
function aroundFunction(graph, isFunction) {
  const callees = new Builder();
  const callers = new Builder();
  const { tree } = graph;
  for (let node = 1; node < tree.size; node++) {
    if (!isFunction(tree.name[node])) {
      continue;
    }
    const place = new Map([[node, 0]]);
    callees.add(0, tree.own[node], tree.ownBefore[node]);
    for (let below = node + 1; below < graph.end[node]; below++) {
      const at = callees.child(place.get(tree.parent[below]), tree.name[below]);
      place.set(below, at);
      callees.add(at, tree.own[below], tree.ownBefore[below]);
    }
    const end = climb(callers, 0, tree, tree.parent[node]);
    callers.add(end, graph.after[node], graph.before[node]);
    node = graph.end[node] - 1;
  }
  return { callees: callees.finish(), callers: callers.finish() };
}

// The tree in which frames are part of their callers if `isHidden`, by their name and their caller's.
// `subtree` is a frame hidden with its descendants, or -1.
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

// A tree with its layout: the start and width of each frame, in ticks. `end` is one more than the last
// descendant of a frame. Rows are depths, negative for callers around a function.
class Graph {
  // `side` is the profile of a differential graph that determines widths.
  constructor(tree, side) {
    const { size } = tree;
    this.tree = tree;
    this.size = size;
    this.end = new Int32Array(size);
    this.row = tree.depth;
    this.after = sums(tree, tree.own, size);
    this.before = sums(tree, tree.ownBefore, size);
    this.own = ownWidths(tree, side, size);
    this.total = side === 'before' ? this.before : this.after;
    if (side === 'larger') {
      this.total = sums(tree, this.own, size);
    }
    this.start = new Float64Array(size);
    this.place();
  }

  place() {
    const { tree, size, end, start, total } = this;
    const next = new Float64Array(size);
    for (let node = size - 1; node >= 0; node--) {
      end[node] = Math.max(end[node], node + 1);
      const parent = tree.parent[node];
      if (node > 0 && end[parent] < end[node]) {
        end[parent] = end[node];
      }
    }
    next[0] = this.own[0];
    for (let node = 1; node < size; node++) {
      const parent = tree.parent[node];
      start[node] = tree.start ? tree.start[node] : next[parent];
      next[parent] += total[node];
      next[node] = start[node] + this.own[node];
    }
  }

  // Adds the callers' tree on the other side of the root.
  addCallers(graph) {
    const [size, more] = [this.size, graph.size - 1];
    const tree = new Tree(size + more);
    const row = new Int32Array(size + more);
    tree.size = size + more;
    const join = (ours, theirs, Type) => {
      const joined = new Type(size + more);
      joined.set(ours.subarray(0, size));
      joined.set(theirs.subarray(1, graph.size), size);
      return joined;
    };
    const shifted = (values, by) => values.map((value) => value + by);
    const parents = graph.tree.parent.map((parent) => (parent === 0 ? 0 : parent + size - 1));
    tree.name = join(this.tree.name, graph.tree.name, Int32Array);
    tree.parent = join(this.tree.parent, parents, Int32Array);
    tree.own = join(this.tree.own, graph.tree.own, Float64Array);
    tree.ownBefore = join(this.tree.ownBefore, graph.tree.ownBefore, Float64Array);
    row.set(this.row.subarray(0, size));
    row.set(graph.row.subarray(1, graph.size).map((depth) => -depth), size);
    for (const key of ['after', 'before', 'own', 'total', 'start']) {
      this[key] = join(this[key], graph[key], Float64Array);
    }
    this.end = join(this.end, shifted(graph.end, size - 1), Int32Array);
    this.end[0] = size + more;
    Object.assign(this, { tree, row, size: size + more });
  }

  ancestors(node) {
    const found = [];
    for (let above = this.tree.parent[node]; above >= 0; above = this.tree.parent[above]) {
      found.push(above);
    }
    return found;
  }

  // The names from the root's callee to a frame.
  pathTo(node) {
    const path = [node, ...this.ancestors(node)].reverse().slice(1);
    return path.map((at) => this.tree.name[at]);
  }

  // The widest frame that starts at `start` in the row, or -1.
  find(start, row) {
    let found = -1;
    for (let node = 0; node < this.size; node++) {
      const isThere = this.row[node] === row && isClose(this.start[node], start);
      if (isThere && !(this.total[node] <= this.total[found])) {
        found = node;
      }
    }
    return found;
  }

  // The children of a frame that have a width.
  children(node) {
    const found = [];
    for (let child = node + 1; child < this.end[node]; child = this.end[child]) {
      if (this.total[child] > 0) {
        found.push(child);
      }
    }
    return found;
  }

  widestChild(node, up) {
    const children = this.children(node).filter((child) => this.row[child] < 0 === up);
    return children.reduce((a, b) => (a >= 0 && this.total[a] >= this.total[b] ? a : b), -1);
  }

  // The next frame to the left or right in the same row, or -1.
  neighbor(node, step) {
    let found = -1;
    for (let at = 1; at < this.size; at++) {
      const gap = step * (this.start[at] - this.start[node]);
      const isNext = this.row[at] === this.row[node] && gap > 0 && this.total[at] > 0;
      if (isNext && (found < 0 || gap < step * (this.start[found] - this.start[node]))) {
        found = at;
      }
    }
    return found;
  }
}

function isClose(a, b) {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1);
}

function ownWidths(tree, side, size) {
  switch (side) {
    case 'before':
      return tree.ownBefore.subarray(0, size);
    case 'larger':
      return tree.own.subarray(0, size).map((own, node) => Math.max(own, tree.ownBefore[node]));
    default:
      return tree.own.subarray(0, size);
  }
}

// The inclusive counts of nodes.
function sums(tree, own, size) {
  const total = own.slice(0, size);
  for (let node = size - 1; node > 0; node--) {
    total[tree.parent[node]] += total[node];
  }
  return total;
}

// The graph with siblings in another order.
function sorted(graph, order, names, side) {
  const { tree } = graph;
  const byName = (a, b) => (names[tree.name[a]] < names[tree.name[b]] ? -1 : 1);
  const byWidth = (a, b) => graph.total[b] - graph.total[a] || byName(a, b);
  return new Graph(inOrder(tree, tree.size, order === 'width' ? byWidth : byName), side);
}

// The node that a path of names leads to, if it has a width; else the root.
function nodeAt({ tree, total }, path) {
  let [node, depth] = [0, 0];
  for (let at = 1; at < tree.size && depth < path.length; at++) {
    if (tree.parent[at] === node && tree.name[at] === path[depth]) {
      node = at;
      depth++;
    }
  }
  return depth === path.length && total[node] > 0 ? node : 0;
}
