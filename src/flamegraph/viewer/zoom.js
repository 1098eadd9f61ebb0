// @ts-check
// What is zoomed into.

// A frame, or a range of it, that is shown over the whole width.
class Zoom {
  /** @param {Graph} graph @param {number} node @param {Extent | null} range */
  constructor(graph, node, range) {
    this.graph = graph;
    this.node = node;
    // The part of the frame that is shown, if not all: where it starts and its width, in ticks.
    this.range = range;
    this.path = new Set(graph.ancestors(node));
  }

  // The ticks over the whole width.
  get extent() {
    const { graph, node, range } = this;
    return range ?? { first: graph.start[node], span: graph.total[node] };
  }

  get isWhole() {
    return this.node === 0 && this.range === null;
  }

  // The frames with at least `from` and less than `to` ticks that have a width and a name.
  /** @param {number} from @param {number} to */
  frames(from, to) {
    const { graph: { total, tree, end }, node: top, range } = this;
    const found = [];
    for (let node = top; node < end[top]; node++) {
      const width = total[node];
      if (width >= from && width < to && width > 0 && tree.name[node] !== 0 && (!range || this.isInRange(node))) {
        found.push(node);
      }
    }
    return found;
  }

  // Whether a frame is in the zoomed part, and has a width and a name.
  /** @param {number} node */
  contains(node) {
    const { graph, node: top } = this;
    const isBelow = node >= top && node < graph.end[top];
    return isBelow && graph.total[node] > 0 && graph.tree.name[node] !== 0 && this.isInRange(node);
  }

  /** @param {number} node */
  isInRange(node) {
    const { graph: { start, total }, extent: { first, span } } = this;
    return start[node] < first + span && start[node] + total[node] > first;
  }
}
