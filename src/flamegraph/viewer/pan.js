// @ts-check
// Zooming by the wheel with Ctrl or Cmd, which leaves the wheel itself to the page, and moving by dragging.

// The distance in pixels from which on it is a drag and not a click.
const DRAG_DISTANCE = 4;

// The change of the width by a pixel of the wheel, and the pixels of a line.
const WHEEL_SPEED = 0.002;
const WHEEL_LINE = 16;

const ZOOM_STEP = 1.5;

class Pan {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.wanted = null;
    this.hasMoved = false;
    const { svg } = viewer.canvas;
    svg.addEventListener('wheel', (event) => this.onWheel(event), { passive: false });
    svg.addEventListener('pointerdown', (event) => this.onDown(event));
    window.addEventListener('pointermove', (event) => this.onMove(event));
    window.addEventListener('pointerup', () => (this.grip = null));
  }

  /** @param {any} event */
  onWheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const { left, width } = this.viewer.canvas.hits.rect.getBoundingClientRect();
      const pixels = event.deltaY * (event.deltaMode > 0 ? WHEEL_LINE : 1);
      this.zoom(Math.exp(pixels * WHEEL_SPEED), (event.clientX - left) / width);
    }
  }

  // Fingers scroll the page.
  /** @param {any} event */
  onDown(event) {
    this.hasMoved = false;
    const isDrag = event.button === 0 && event.pointerType === 'mouse';
    this.grip = isDrag && this.viewer.canvas.zoom.range ? { x: event.clientX, extent: this.extent } : null;
  }

  /** @param {PointerEvent} event */
  onMove(event) {
    if (!this.grip) {
      return;
    }
    const { x, extent: { first, span } } = this.grip;
    const pixels = x - event.clientX;
    this.hasMoved ||= Math.abs(pixels) >= DRAG_DISTANCE;
    if (this.hasMoved) {
      this.show(first + (pixels * span) / this.viewer.canvas.hits.rect.getBoundingClientRect().width, span);
    }
  }

  get extent() {
    return this.wanted ?? this.viewer.canvas.extent;
  }

  // Multiplies the width, around a point given as a share of it.
  /** @param {number} factor @param {number} [share] */
  zoom(factor, share = 0.5) {
    const { first, span } = this.extent;
    const { graph } = this.viewer.canvas;
    const wide = Math.min(Math.max(span * factor, 1), graph.total[0]);
    this.show(first + (span - wide) * share, wide);
  }

  // Moves by a share of the width.
  /** @param {number} share */
  move(share) {
    const { first, span } = this.extent;
    this.show(first + share * span, span);
  }

  // Shows a range in the next frame of the screen.
  /** @param {number} first @param {number} span */
  show(first, span) {
    const isWaiting = this.wanted !== null;
    this.wanted = within(this.viewer.canvas.graph, first, span);
    if (!isWaiting) {
      requestAnimationFrame(() => this.draw());
    }
  }

  draw() {
    const { wanted, viewer } = this;
    this.wanted = null;
    showRange(viewer, wanted);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => remember(viewer, false), TYPING_PAUSE);
  }
}

// The nearest range in a graph.
/** @param {Graph} graph @param {number} first @param {number} span */
function within({ total }, first, span) {
  const wide = Math.min(span, total[0]);
  return { first: Math.min(Math.max(first, 0), total[0] - wide), span: wide };
}

// Shows a range, in the zoomed frame or in the nearest one above that contains it.
/** @param {Viewer} viewer @param {Extent} extent */
function showRange(viewer, { first, span }) {
  const { canvas } = viewer;
  const { start, total, tree } = canvas.graph;
  const slack = 1e-9 * total[0];
  let node = canvas.zoomed;
  while (node > 0 && (first < start[node] - slack || first + span > start[node] + total[node] + slack)) {
    node = tree.parent[node];
  }
  const range = span > total[node] - slack ? null : { first, span };
  if (node === canvas.zoomed && viewer.hasGraph) {
    canvas.setZoom(node, range);
    canvas.draw();
    viewer.drawAxis();
    setShown(viewer.tools.buttons.unzoom, !canvas.zoom.isWhole);
  } else {
    viewer.zoomTo(node, range);
  }
}
