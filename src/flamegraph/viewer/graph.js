// @ts-check
// The layout of a tree.

// A tree with its layout: the start and width of each frame, in ticks. `end` is one more than the last
// descendant of a frame. Rows are depths, negative for callers around a function.
class Graph {
  // `side` is the profile of a differential graph that determines widths.
  /** @param {Tree} tree @param {string} side */
  constructor(tree, side) {
    const { size } = tree;
    this.tree = tree;
    this.size = size;
    // Of a function: the count of the graph it is from.
    this.whole = 0;
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
  /** @param {Graph} graph */
  addCallers(graph) {
    const [size, more] = [this.size, graph.size - 1];
    const tree = new Tree(size + more);
    const row = new Int32Array(size + more);
    tree.size = size + more;
    /** @param {any} ours @param {any} theirs @param {any} Type */
    const join = (ours, theirs, Type) => {
      const joined = new Type(size + more);
      joined.set(ours.subarray(0, size));
      joined.set(theirs.subarray(1, graph.size), size);
      return joined;
    };
    /** @param {Int32Array} values @param {number} by */
    const shifted = (values, by) => values.map((value) => value + by);
    const parents = graph.tree.parent.map((parent) => (parent === 0 ? 0 : parent + size - 1));
    tree.name = join(this.tree.name, graph.tree.name, Int32Array);
    tree.parent = join(this.tree.parent, parents, Int32Array);
    tree.own = join(this.tree.own, graph.tree.own, Float64Array);
    tree.ownBefore = join(this.tree.ownBefore, graph.tree.ownBefore, Float64Array);
    row.set(this.row.subarray(0, size));
    row.set(graph.row.subarray(1, graph.size).map((depth) => -depth), size);
    /** @type {Record<string, any>} */
    const other = graph;
    /** @type {Record<string, any>} */
    const fields = this;
    for (const key of ['after', 'before', 'own', 'total', 'start']) {
      fields[key] = join(fields[key], other[key], Float64Array);
    }
    this.end = join(this.end, shifted(graph.end, size - 1), Int32Array);
    this.end[0] = size + more;
    Object.assign(this, { tree, row, size: size + more });
  }

  /** @param {number} node */
  ancestors(node) {
    const found = [];
    for (let above = this.tree.parent[node]; above >= 0; above = this.tree.parent[above]) {
      found.push(above);
    }
    return found;
  }

  // The names from the root's callee to a frame.
  /** @param {number} node */
  pathTo(node) {
    const path = [node, ...this.ancestors(node)].reverse().slice(1);
    return path.map((at) => this.tree.name[at]);
  }

  // The widest frame that starts at `start` in the row, or -1.
  /** @param {number} start @param {number} row */
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
  /** @param {number} node */
  children(node) {
    const found = [];
    for (let child = node + 1; child < this.end[node]; child = this.end[child]) {
      if (this.total[child] > 0) {
        found.push(child);
      }
    }
    return found;
  }

  /** @param {number} node @param {boolean} up */
  widestChild(node, up) {
    const children = this.children(node).filter((child) => this.row[child] < 0 === up);
    return children.reduce((a, b) => (a >= 0 && this.total[a] >= this.total[b] ? a : b), -1);
  }

  // The next frame to the left or right in the same row, or -1.
  /** @param {number} node @param {number} step */
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

/** @param {number} a @param {number} b */
function isClose(a, b) {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1);
}

/** @param {Tree} tree @param {string} side @param {number} size */
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
/** @param {Tree} tree @param {Float64Array} own @param {number} size */
function sums(tree, own, size) {
  const total = own.slice(0, size);
  for (let node = size - 1; node > 0; node--) {
    total[tree.parent[node]] += total[node];
  }
  return total;
}

// The graph with siblings in another order.
/** @param {Graph} graph @param {string} order @param {string[]} names @param {string} side */
function sorted(graph, order, names, side) {
  const { tree } = graph;
  /** @param {any} a @param {any} b */
  const byName = (a, b) => (names[tree.name[a]] < names[tree.name[b]] ? -1 : 1);
  /** @param {number} a @param {number} b */
  const byWidth = (a, b) => graph.total[b] - graph.total[a] || byName(a, b);
  return new Graph(inOrder(tree, tree.size, order === 'width' ? byWidth : byName), side);
}

// The node that a path of names leads to, if it has a width; else the root.
/** @param {Graph} graph @param {number[]} path */
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
