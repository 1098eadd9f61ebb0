// @ts-check
// Finds the frame under the pointer if it has no element.

class Hits {
  /** @param {Picture} picture */
  constructor(picture) {
    this.picture = picture;
    // Receives the events.
    this.rect = create(SVG, 'rect', { id: 'hits', width: '100%', 'fill-opacity': 0 }, null);
  }

  // Covers all rows.
  fill() {
    const { picture, rect } = this;
    const [first, last] = picture.rows;
    rect.setAttribute('y', Math.min(picture.rowY(first), picture.rowY(last)));
    rect.setAttribute('height', (last - first + 1) * picture.rowHeight);
  }

  // The frame of `nodes` that is nearest to a position in the window, if within half a pixel, or -1.
  /** @param {Zoom} zoom @param {number[]} nodes @param {number} x @param {number} y */
  near({ graph, extent }, nodes, x, y) {
    const box = this.rect.getBoundingClientRect();
    const row = this.rowAt((y - box.top) / box.height);
    const ticks = extent.span / box.width;
    // Mouse events have integer positions: the left edge of a pixel.
    const middle = Number.isInteger(x) ? x + 0.5 : x;
    const at = extent.first + (middle - box.left) * ticks;
    let [found, nearest] = [-1, ticks / 2];
    for (const node of nodes) {
      const start = graph.start[node];
      const distance = Math.max(start - at, at - start - graph.total[node], 0);
      if (graph.row[node] === row && distance < nearest) {
        [found, nearest] = [node, distance];
      }
    }
    return found;
  }

  // The row at a share of the height.
  /** @param {number} share */
  rowAt(share) {
    const { rows: [low, high], isDownward } = this.picture;
    const index = Math.floor(share * (high - low + 1));
    return isDownward ? low + index : high - index;
  }
}
