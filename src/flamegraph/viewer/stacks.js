// @ts-check
// The plain view, with the root at the bottom or at the top.

/** @param {Viewer} viewer @param {boolean} isFlipped */
function showStacks(viewer, isFlipped) {
  viewer.picture.isFlipped = isFlipped;
  viewer.show({ view: 'plain' });
  showRoot(viewer);
}

/** @param {Viewer} viewer */
function flip(viewer) {
  viewer.picture.isFlipped = !viewer.picture.isFlipped;
  viewer.show({});
  showRoot(viewer);
}

// Another view, or the plain one if it is shown already.
/** @param {Viewer} viewer @param {string} view */
function toggleView(viewer, view) {
  viewer.show({ view: viewer.view.view === view ? 'plain' : view });
}

// Takes widths from the next profile of a differential graph.
/** @param {Viewer} viewer */
function nextSide(viewer) {
  const sides = ['after', 'before', 'larger'];
  viewer.show({ side: sides[(sides.indexOf(viewer.view.side) + 1) % 3] });
}
