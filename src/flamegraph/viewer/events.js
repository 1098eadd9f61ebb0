// @ts-check
// What the mouse, the fingers and the browser do.

/** @param {Viewer} viewer */
function listen(viewer) {
  const { canvas } = viewer;
  const { svg } = canvas;
  /** @param {EventTarget} target @param {string} name @param {(event: any) => void} action */
  const on = (target, name, action) => target.addEventListener(name, (event) => action(event));
  on(svg, 'mouseover', (event) => point(viewer, canvas.at(event)));
  on(canvas.hits.rect, 'mousemove', (event) => pointNear(viewer, event));
  on(svg, 'mouseleave', () => point(viewer, -1));
  on(svg, 'click', (event) => onClick(viewer, event));
  on(svg, 'contextmenu', (event) => onContextMenu(viewer, event));
  on(svg, 'keydown', (event) => onFrameKey(viewer, event));
  // Not on the frames: Chromium makes an SVG element with a focus listener focusable.
  on(document, 'focusin', (event) => point(viewer, canvas.under(event.target)));
  on(document, 'focusout', () => point(viewer, -1));
  on(document, 'keydown', (event) => onKey(viewer, event));
  on(window, 'scroll', () => viewer.onScroll());
  on(window, 'resize', () => viewer.resize());
  on(window, 'beforeprint', () => setPrinting(viewer, true));
  on(window, 'afterprint', () => setPrinting(viewer, false));
  on(viewer.darkness, 'change', () => applyTheme(viewer));
  // The width of an inlined graph may change independently of the window.
  new ResizeObserver(() => viewer.resize()).observe(viewer.root);
  if (viewer.picture.isDocument) {
    on(window, 'popstate', () => goBack(viewer));
  }
}

// The frame that keys apply to: the focused one, or the one under the pointer, or the zoomed one.
/** @param {Viewer} viewer */
function selected({ canvas, pointed }) {
  const focused = canvas.under(document.activeElement);
  return focused >= 0 ? focused : pointed >= 0 ? pointed : canvas.zoomed;
}

// Describes a frame and outlines its function, or nothing for -1.
/** @param {Viewer} viewer @param {number} node */
function point(viewer, node) {
  const { canvas, bar } = viewer;
  viewer.pointed = node;
  canvas.outlineSame(node);
  const rect = node < 0 ? null : canvas.drawn(node)?.querySelector('rect');
  bar.show(node < 0 ? NO_DETAILS : detailsOf(viewer, node), rect);
}

// Points at a narrow frame without an element, or at nothing.
/** @param {Viewer} viewer @param {Mouse} event */
function pointNear(viewer, event) {
  const { canvas } = viewer;
  const node = canvas.at(event);
  if (node !== viewer.pointed) {
    canvas.hits.rect.style.cursor = node < 0 ? '' : 'pointer';
    point(viewer, node);
  }
}

// A link is followed; with Ctrl or Cmd, its frame is zoomed.
/** @param {Viewer} viewer @param {Mouse} event */
function onClick(viewer, event) {
  if (viewer.pan.hasMoved) {
    // The end of a drag.
    event.preventDefault();
    return;
  }
  const node = viewer.canvas.at(event);
  const isLink = node >= 0 && viewer.canvas.drawn(node)?.localName === 'a';
  if (node < 0 || (isLink && !event.ctrlKey && !event.metaKey)) {
    return;
  }
  event.preventDefault();
  viewer.zoom(node);
}

// The right button, and a long press. With Shift, the browser's menu opens.
/** @param {Viewer} viewer @param {Mouse} event */
function onContextMenu(viewer, event) {
  const node = viewer.canvas.at(event);
  if (node >= 0 && !event.shiftKey) {
    event.preventDefault();
    openFrameMenu(viewer, node, event.clientX, event.clientY);
  }
}
