// @ts-check
// Builds trees from nodes in any order.

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

  /** @param {number} parent @param {number} name */
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
  /** @param {number} parent @param {number} name */
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

  /** @param {number} node @param {number} own @param {number} before */
  add(node, own, before) {
    this.own[node] += own;
    this.ownBefore[node] += before;
  }

  finish() {
    return inOrder(this, this.name.length, null);
  }
}

// The tree of nodes given in any order, parents first, with siblings sorted by `compare`, or unsorted.
/** @param {Nodes} nodes @param {number} size @param {((a: number, b: number) => number) | null} compare */
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
/** @param {Int32Array | null} first @param {Int32Array} second */
function composed(first, second) {
  return first ? first.map((node) => (node < 0 ? -1 : second[node])) : second;
}
