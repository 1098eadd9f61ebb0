// @ts-check
// Where the window is on a graph that is larger.

// Views have their roots in different positions; a table starts at its top.
/** @param {Viewer} viewer */
function showRoot(viewer) {
  const { picture } = viewer;
  const isAtTop = !viewer.hasGraph || (picture.isDownward && !picture.isSandwich);
  if (picture.isDocument && isAtTop) {
    window.scrollTo({ top: 0, behavior: 'instant' });
    return;
  }
  const root = viewer.canvas.drawn(0);
  const box = root?.getBoundingClientRect();
  // The axis is below the root of a flame graph.
  const below = picture.isDownward ? 0 : picture.axisHeight;
  if (picture.isDocument && box?.height > 0 && (box.top < 0 || box.bottom + below > window.innerHeight)) {
    root.scrollIntoView({ block: 'center', behavior: 'instant' });
  }
}

// Before the graph is drawn, so that the frames in sight are drawn first.
/** @param {Viewer} viewer */
function scrollToEnd(viewer) {
  if (viewer.picture.isDocument && !options.inverted && window.scrollY === 0) {
    window.scrollTo({ top: viewer.picture.height, behavior: 'instant' });
  }
}

// A graph that is taller than the window opens with its root in view.
/** @param {Viewer} viewer */
function openAtRoot(viewer) {
  if (viewer.picture.isDocument) {
    showRoot(viewer);
    viewer.onScroll();
  }
}

// Says how many rows are out of sight, away from the root.
/** @param {Viewer} viewer */
function showMore(viewer) {
  const { picture } = viewer;
  const [top, bottom] = picture.inSight();
  const { isDownward } = picture;
  const hidden = isDownward ? picture.height - picture.footer - bottom : top - picture.header;
  const isShown = picture.isDocument && viewer.hasGraph;
  viewer.tools.showMore(isShown ? Math.floor(hidden / picture.rowHeight) : 0, isDownward);
}

/** @param {Viewer} viewer */
function scrollOn(viewer) {
  const distance = 0.8 * window.innerHeight;
  window.scrollBy({ top: viewer.picture.isDownward ? distance : -distance });
}

// A flame graph grows at the top: its root keeps its position in the window.
/** @param {Viewer} viewer */
function fromBottom(viewer) {
  return viewer.picture.isDownward || !viewer.picture.isDocument ? null : viewer.picture.height - window.scrollY;
}

/** @param {Viewer} viewer @param {number} distance */
function keepBottom(viewer, distance) {
  const isScrolled = window.scrollY > 0;
  if (distance !== null && isScrolled && viewer.picture.height - window.scrollY !== distance) {
    window.scrollTo({ top: viewer.picture.height - distance, behavior: 'instant' });
  }
}

// Scrolls to an element, if it is out of sight or under the tools or the heat map.
/** @param {Viewer} viewer @param {Element | undefined} element */
function reveal(viewer, element) {
  element?.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  const covers = [viewer.tools.place, viewer.heat?.isOpen && viewer.heat.place];
  const bottom = Math.max(...covers.map((place) => (place ? place.getBoundingClientRect().bottom : 0)));
  const covered = bottom - (element?.getBoundingClientRect().top ?? Infinity);
  if (covered > 0 && viewer.picture.isDocument) {
    window.scrollBy({ top: -covered, behavior: 'instant' });
  }
}
