// @ts-check
// What keys do.

// Keys for the whole graph. In a host page, only while the graph is in use.
/** @param {Viewer} viewer @param {Key} event */
function onKey(viewer, event) {
  if (!viewer.picture.isDocument && !viewer.root.matches(':hover, :focus-within')) {
    return;
  }
  const key = event.key.toLowerCase();
  const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (event.key === 'Tab' && viewer.picture.isDocument && viewer.hasGraph) {
    onTab(viewer, event);
  }
  const isTyping = event.target.matches?.('input, textarea, select, [contenteditable]');
  if (command && key === 'i' && (!isTyping || event.target === viewer.tools.input)) {
    event.preventDefault();
    changeQuery(viewer, { ignoreCase: !viewer.query.ignoreCase });
  } else if (isTyping) {
    // A second Ctrl-F is passed to the browser.
    return;
  } else if (key === 'f3' || (command ? key === 'f' : key === '/')) {
    event.preventDefault();
    viewer.tools.openSearch();
  } else if (command && key === 'c' && String(getSelection()) === '') {
    copyFrame(viewer, selected(viewer), false);
  } else if (!command && !event.altKey && !event.ctrlKey) {
    onPlainKey(viewer, event.key);
  }
}

// In a document of its own, the Tab key reaches the tools, then the heat map, and then the frames. In the document they
// are in the opposite order, because what comes later is painted over the rest. Where this does not prevent what the browser does, it goes on
// from the new place.
/** @param {Viewer} viewer @param {Key} event */
function onTab({ canvas, tools, heat, root }, event) {
  const used = document.activeElement;
  const frame = canvas.element(canvas.focused);
  const [first, last] = tools.ends();
  const [firstOfMap = frame, lastOfMap = last] = heat?.controls ?? [];
  const isBack = event.shiftKey;
  /** @param {any} target */
  const move = (target) => {
    event.preventDefault();
    target.focus();
  };
  if (!isBack && (!used || used === document.body || used === root)) {
    move(first);
  } else if (!isBack && used === last) {
    move(firstOfMap);
  } else if (!isBack && used === lastOfMap) {
    move(frame);
  } else if (isBack && used === first) {
    frame.focus();
  } else if (used === frame && isBack) {
    move(lastOfMap);
  } else if (isBack && used === firstOfMap) {
    move(last);
  } else if (used === frame) {
    last.focus();
  }
}

/** @param {Viewer} viewer @param {string} key */
function onPlainKey(viewer, key) {
  const actions = actionsOf(viewer);
  const node = selected(viewer);
  const isOrdered = isInTime(viewer.profile, viewer.view);
  /** @type {Record<string, () => void>} */
  const keys = {
    '.': () => openMenuOf(viewer, node),
    Escape: () => escape(viewer),
    Backspace: () => zoomOut(viewer),
    '+': () => viewer.pan.zoom(1 / ZOOM_STEP),
    '-': () => viewer.pan.zoom(ZOOM_STEP),
    n: actions.next,
    N: actions.previous,
    i: actions.flip,
    t: actions.table,
    B: actions.both,
    d: actions.dark,
    e: actions.heat,
    T: () => viewer.heat && orderByTime(viewer, !viewer.view.isChart),
    u: actions.undo,
    '?': actions.help,
    b: () => viewer.profile.counts.hasUnits && actions.units(),
    w: () => viewer.profile.isDifferential && actions.side(),
    r: () => !isOrdered && actions.callers(),
    s: () => !isOrdered && actions.sandwich(),
    o: () => !isOrdered && actions.order(),
    c: () => copyFrame(viewer, node, false),
    C: () => copyFrame(viewer, node, true),
    h: () => hideFrame(viewer, node, false),
    H: () => hideFrame(viewer, node, true),
    m: () => viewer.profile.modules && viewer.canvas.graph.tree.name[node] > 0 && collapseModule(viewer, node),
  };
  if (Object.hasOwn(keys, key)) {
    keys[key]();
  }
}

/** @param {Viewer} viewer */
function escape(viewer) {
  if (viewer.menu.isOpen) {
    viewer.menu.close();
  } else if (viewer.help.isOpen) {
    viewer.help.toggle(false, 0);
  } else if (!viewer.canvas.zoom.isWhole) {
    viewer.zoom(0);
  } else if (viewer.view.view !== 'plain') {
    viewer.show({ view: 'plain' });
  }
}

/** @param {Viewer} viewer */
function zoomOut(viewer) {
  const { zoom: { node, range }, graph } = viewer.canvas;
  viewer.zoom(range ? node : Math.max(graph.tree.parent[node], 0));
}

// Keys on the focused frame.
/** @param {Viewer} viewer @param {Key} event */
function onFrameKey(viewer, event) {
  const node = viewer.canvas.under(event.target);
  if (node >= 0 && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    // A frame may be a link.
    const { ctrlKey, metaKey } = event;
    event.target.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey, metaKey }));
    return;
  }
  if (event.shiftKey && /^Arrow(Left|Right)$/.test(event.key)) {
    event.preventDefault();
    viewer.pan.move(event.key === 'ArrowLeft' ? -0.25 : 0.25);
    return;
  }
  const next = node < 0 ? -1 : neighbor(viewer, node, event.key);
  if (next >= 0 && viewer.canvas.drawn(next)) {
    event.preventDefault();
    viewer.canvas.setFocusable(next);
    viewer.canvas.element(next).focus();
  }
}

/** @param {Viewer} viewer @param {number} node @param {string} key */
function neighbor(viewer, node, key) {
  const { graph } = viewer.canvas;
  const isUp = key === 'ArrowUp';
  switch (key) {
    case 'ArrowLeft':
      return graph.neighbor(node, -1);
    case 'ArrowRight':
      return graph.neighbor(node, 1);
    case 'ArrowUp':
    case 'ArrowDown': {
      // Towards larger rows, or towards the negative rows of callers.
      const step = isUp === viewer.picture.isDownward ? -1 : 1;
      const isInward = node !== 0 && graph.row[node] < 0 !== step < 0;
      return isInward ? graph.tree.parent[node] : graph.widestChild(node, step < 0);
    }
    default:
      return -1;
  }
}
