// @ts-check
// Which frames become elements.

// Sorts the frames of a zoom by how they are drawn.
class Visible {
  /** @param {Profile} profile */
  constructor({ isModern, settings }) {
    this.wideShare = (isModern ? WIDE.modern : WIDE.classic) / USUAL_WIDTH;
    this.minShare = settings.minWidth / 100;
    // Those that get elements now, which include the ancestors of the zoomed frame.
    /** @type {number[]} */
    this.seen = [];
    this.isSeen = new Set();
    // Those that get elements later.
    /** @type {number[]} */
    this.fine = [];
    // Those with less than `thin` ticks, which are painted together.
    /** @type {number[]} */
    this.narrow = [];
    this.thin = 0;
    // The first and the last row.
    this.rows = [0, 0];
  }

  /** @param {Zoom} zoom */
  choose(zoom) {
    const whole = zoom.extent.span;
    const wide = this.wideShare * whole;
    const least = this.leastShare(zoom) * whole;
    const wides = zoom.frames(Math.max(wide, least), Infinity);
    const fine = zoom.frames(least, wide);
    const isLarge = wides.length + fine.length > FEW;
    this.seen = [...zoom.path, ...(isLarge ? wides : zoom.frames(least, Infinity))];
    this.isSeen = new Set(this.seen);
    this.fine = isLarge ? this.widest(zoom, fine, least, wide) : [];
    this.thin = wide;
    this.narrow = zoom.frames(0, wide);
    this.rows = [0, 0];
    for (const node of [...zoom.path, ...wides, ...fine]) {
      const row = zoom.graph.row[node];
      this.rows = [Math.min(this.rows[0], row), Math.max(this.rows[1], row)];
    }
  }

  // The minimum share of the whole width for elements: as configured, or when zoomed in, a third of a pixel.
  /** @param {Zoom} zoom */
  leastShare(zoom) {
    return zoom.isWhole ? this.minShare : MIN_WIDTH / USUAL_WIDTH;
  }

  // The `nodes` with at least `least` and less than `wide` ticks, or the widest of them if there are many.
  /** @param {Zoom} zoom @param {number[]} nodes @param {number} least @param {number} wide */
  widest(zoom, nodes, least, wide) {
    const isAskedFor = zoom.isWhole && 100 * this.minShare < USUAL_MIN_WIDTH;
    const most = isAskedFor ? MAX_ELEMENTS.asked : MAX_ELEMENTS.usual;
    while (nodes.length > most) {
      least = Math.max(1.5 * least, 1);
      nodes = zoom.frames(least, wide);
    }
    return nodes;
  }

  // Whether a frame is seen when zoomed to `top`.
  /** @param {Graph} graph @param {number} node @param {number} top */
  isWide({ total }, node, top) {
    return total[node] >= this.wideShare * total[top];
  }

  // Splits `seen` in two parts: frames in or near the window, and the rest. `sight` is the visible part if
  // the height of the image differs by `change`.
  /** @param {number[]} sight @param {number} change @param {Graph} graph @param {Picture} picture */
  parted([top, bottom], change, graph, picture) {
    const margin = bottom - top + change + picture.rowHeight;
    /** @type {number[][]} */
    const parts = [[], []];
    for (const node of this.seen) {
      const y = picture.offset + picture.rowY(graph.row[node]);
      parts[y > top - margin && y < bottom + margin ? 0 : 1].push(node);
    }
    return parts;
  }
}

// The first and last row of a graph that is not zoomed.
/** @param {Graph} graph @param {Settings} settings */
function rowsOf({ total, row, tree, size }, { minWidth }) {
  const least = (minWidth / 100) * total[0];
  const rows = [0, 0];
  for (let node = 0; node < size; node++) {
    if (total[node] >= least && total[node] > 0 && tree.name[node] !== 0) {
      rows[0] = Math.min(rows[0], row[node]);
      rows[1] = Math.max(rows[1], row[node]);
    }
  }
  return rows;
}
