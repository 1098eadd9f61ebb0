// @ts-check
// Starts the viewer of a graph.

const root = document.currentScript?.closest('svg') ?? document.documentElement;
/** @type {Viewer | null} */
let viewer = null;

// Starts once, when the image is complete. An image with an error has no frames.
function start() {
  if (viewer === null && root.querySelector('#profile') && root.querySelector('#frames rect')) {
    try {
      addStyle();
      viewer = new Viewer(root);
    } finally {
      root.classList.remove('loading');
    }
    openAtRoot(viewer);
  }
}

if (document.readyState !== 'loading') {
  setTimeout(start);
} else {
  // Laying out a growing image repeatedly would take most of the loading time.
  root.classList.toggle('loading', root === document.documentElement);
  document.addEventListener('DOMContentLoaded', start);
}

// Adds the rules of tools.css. The policy of a page does not apply to a style sheet of this kind.
function addStyle() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(TOOLS_STYLE);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

// For screen readers, the browser's tab, and phones.
/** @param {Viewer} viewer */
function describe({ root, picture }) {
  const title = root.querySelector('#title').textContent;
  root.style.overflowAnchor = 'none';
  root.setAttribute('role', 'graphics-document document');
  root.setAttribute('aria-label', title);
  picture.frames.setAttribute('role', 'group');
  picture.frames.setAttribute('aria-label', 'frames: arrow keys walk, Enter zooms');
  if (picture.isDocument && !document.title) {
    document.title = title;
  }
  if (root === document.documentElement) {
    const content = 'width=device-width, initial-scale=1';
    create(XHTML, 'meta', { name: 'viewport', content }, root);
  }
}
