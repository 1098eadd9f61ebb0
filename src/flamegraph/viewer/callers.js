// @ts-check
// The tree of stacks turned round.

// Inverts stacks: the last function called is at the root.
/** @param {Tree} tree */
function callersFirst(tree) {
  return new Turning(tree).finish();
}

// Walks all stacks in parallel, from their ends to the root: stacks that have the same functions so far are a
// group, and a node of the new tree. A large graph takes millions of steps, so the only table is one of the
// functions called by one group.
class Turning {
  /** @param {Tree} tree */
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
    /** @type {[number, number, number][]} */
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
  /** @param {number} above @param {number} index */
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
  /** @param {number} node @param {number} from @param {number} to */
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
  /** @param {number} node @param {number} from @param {number} to */
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
  /** @param {number} from @param {number} to */
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
  /** @param {Group[]} groups @param {number} from @param {number} to */
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
/** @param {Tree} tree */
function endsOfStacks(tree) {
  const ends = [];
  for (let node = 1; node < tree.size; node++) {
    if (tree.own[node] > 0 || tree.ownBefore[node] > 0) {
      ends.push(node);
    }
  }
  return Int32Array.from(ends);
}

/** @param {Int32Array} values @param {number} size */
function largest(values, size) {
  let found = 0;
  for (let index = 0; index < size; index++) {
    found = Math.max(found, values[index]);
  }
  return found;
}
