// @ts-check
// Files, the clipboard and paper: what is shown, outside of the browser.

/** @param {Viewer} viewer @param {number} node @param {boolean} isWhole */
function copyFrame(viewer, node, isWhole) {
  const path = isWhole ? [node, ...viewer.canvas.graph.ancestors(node)].reverse() : [node];
  const names = path.map((at) => viewer.canvas.titles.name(at));
  const text = (isWhole && names.length > 1 ? names.slice(1) : names).join(';');
  copyText(text);
  viewer.bar.show({ parts: [`Copied: ${text}`], name: text }, null);
}

/** @param {Viewer} viewer */
function savePicture(viewer) {
  setBare(viewer, true);
  const picture = pictureOf(viewer.root, viewer.picture.width, viewer.picture.height);
  setBare(viewer, false);
  download(picture, 'image/svg+xml', 'flamegraph.svg');
}

/** @param {Viewer} viewer */
function savePixels(viewer) {
  setBare(viewer, true);
  /** @type {HTMLCanvasElement} */
  const canvas = painted(viewer.root);
  setBare(viewer, false);
  canvas.toBlob((blob) => download(blob, 'image/png', 'flamegraph.png'));
}

/** @param {Viewer} viewer */
function saveTable(viewer) {
  const { columns, rows } = viewer.table;
  download(csvOf(columns, rows, viewer.profile.counts), 'text/csv', 'functions.csv');
}

/** @param {Viewer} viewer */
function saveStacks(viewer) {
  const { graph, zoomed } = viewer.canvas;
  download(foldedText(graph, viewer.profile, viewer.search, zoomed), 'text/plain', 'stacks.folded');
}

// Prints in light colors.
/** @param {Viewer} viewer @param {boolean} isPrinting */
function setPrinting(viewer, isPrinting) {
  viewer.isPrinting = isPrinting;
  setBare(viewer, isPrinting);
  applyTheme(viewer);
  viewer.picture.setPrinting(isPrinting);
}

// Shows the graph completely, without the tools and the table, as pictures do; or as before.
/** @param {Viewer} viewer @param {boolean} isBare */
function setBare(viewer, isBare) {
  const { picture, canvas } = viewer;
  picture.setWhole(!isBare);
  if (isBare) {
    viewer.scrolledTo = window.scrollY;
    picture.toolsHeight = picture.heatHeight = 0;
  } else {
    viewer.tools.layout();
    viewer.heat?.layout();
  }
  if (viewer.hasGraph) {
    picture.split(!isBare && viewer.view.view === 'both');
    canvas.resize();
    canvas.later.finish();
    viewer.drawAxis();
  }
  if (!isBare && picture.isDocument) {
    window.scrollTo({ top: viewer.scrolledTo, behavior: 'instant' });
  }
}
