// @ts-check
// Menus: their items, and where they open.

// What the toolbar has no room for.
/** @param {Viewer} viewer */
function mainMenu(viewer) {
  const { profile, view, colors, query, inUnits, filter } = viewer;
  const actions = actionsOf(viewer);
  const { isDifferential } = profile;
  const isOrdered = isInTime(profile, view);
  /** @param {string} id @param {string} text @param {string} key @param {boolean} isChecked @param {() => void} action */
  const check = (id, text, key, isChecked, action) => ({ id, text, key, isChecked, action });
  /** @param {string} id @param {string} text @param {string} key @param {() => void} action */
  const item = (id, text, key, action) => ({ id, text, key, action });
  /** @param {string} side */
  const isSide = (side) => view.side === side;
  const sides = [['after', 'Widths after'], ['before', 'Widths before'], ['larger', 'Widths of both']];
  return [
    !isOrdered && check('order', 'Widest first', 'o', view.order === 'width', actions.order),
    check('recursion', 'Collapse recursion', '', view.recursion, actions.recursion),
    !isOrdered && query.term && !filter.term && item('filter', 'Keep only stacks that match', '', actions.filter),
    filter.term && check('filter', `Only stacks with ${filter.term}`, '', true, actions.filter),
    null,
    ...(isDifferential
      ? sides.map(([side, text]) => check(side, text, 'w', isSide(side), () => viewer.show({ side })))
      : []),
    isDifferential && check('safe', 'Colors for the color-blind', '', colors.isSafe, actions.safe),
    profile.counts.hasUnits && check('units', 'Larger units', 'b', inUnits, actions.units),
    viewer.heat && check('heatmap', 'Heat map', 'e', viewer.heat.isOpen, actions.heat),
    check('dark', 'Dark', 'd', colors.isDark, actions.dark),
    null,
    viewer.hasGraph && item('save', 'Save this view as an SVG', '', actions.save),
    viewer.hasGraph && item('png', 'Save this view as a PNG', '', actions.png),
    viewer.table.isOpen && item('csv', 'Save the table as CSV', '', actions.csv),
    item('export', 'Save the stacks as folded text', '', actions.export),
    item('help', 'Keys', '?', actions.help),
  ].filter((entry) => entry === null || entry);
}

// The views, where the toolbar has no room for them.
/** @param {Viewer} viewer */
function viewMenu(viewer) {
  const { buttons, view } = viewer.tools;
  /** @type {Actions} */
  const actions = actionsOf(viewer);
  /** @param {string} name */
  const hasRoom = (name) => name !== 'both' || viewer.picture.hasRoom;
  const shown = VIEWS.filter(([name]) => !buttons[name].hidden && hasRoom(name));
  return shown.map(([id, text]) => ({ id: `view-${id}`, text, isChecked: id === view, action: actions[id] }));
}

// What can be done with a frame.
/** @param {Viewer} viewer @param {number} node */
function frameMenu(viewer, node) {
  const { canvas, profile } = viewer;
  /** @param {string} id @param {string} text @param {string} key @param {() => void} action */
  const item = (id, text, key, action) => ({ id, text, key, action });
  const link = canvas.linkOf(node);
  const isFunction = canvas.graph.tree.name[node] > 0;
  return [
    item('focus', 'Zoom into it', 'Enter', () => viewer.zoom(node)),
    isFunction && !isInTime(profile, viewer.view) && item('around', 'All callers and callees', 's', () => showSandwich(viewer, node)),
    isFunction && item('find', 'Search for it', '', () => searchFunction(viewer, node)),
    null,
    isFunction && item('hide', 'Hide the function', 'h', () => hideFrame(viewer, node, false)),
    isFunction && item('prune', 'Hide it with its callees', 'H', () => hideFrame(viewer, node, true)),
    isFunction && profile.modules && item('collapse', 'Collapse its module', 'm', () => collapseModule(viewer, node)),
    null,
    link && item('link', 'Open its link', '', () => window.open(link, '_blank', 'noopener')),
    item('copy', 'Copy the name', 'c', () => copyFrame(viewer, node, false)),
    item('copystack', 'Copy the stack', 'C', () => copyFrame(viewer, node, true)),
  ].filter((entry) => entry === null || entry);
}

// A menu below its button.
/** @param {Viewer} viewer @param {string} name @param {(MenuItem | null)[]} items */
function openMenu(viewer, name, items) {
  const { menu, picture, tools } = viewer;
  if (menu.isOpen) {
    menu.close();
    return;
  }
  const box = tools.buttons[name].getBoundingClientRect();
  openMenuAt(viewer, items, box.right - MENU_WIDTH / picture.scale(), box.bottom + 2);
}

// A position in the window.
/** @param {Viewer} viewer @param {(MenuItem | null)[]} items @param {number} x @param {number} y */
function openMenuAt({ menu, picture, root }, items, x, y) {
  const box = root.getBoundingClientRect();
  menu.open(items, (x - box.left) * picture.scale(), (y - box.top) * picture.scale());
}

/** @param {Viewer} viewer @param {number} node @param {number} x @param {number} y */
function openFrameMenu(viewer, node, x, y) {
  point(viewer, node);
  openMenuAt(viewer, frameMenu(viewer, node), x, y);
}

// The menu of a frame, below it.
/** @param {Viewer} viewer @param {number} node */
function openMenuOf(viewer, node) {
  const box = viewer.canvas.drawn(node)?.querySelector('rect').getBoundingClientRect();
  if (box && viewer.hasGraph) {
    openFrameMenu(viewer, node, Math.max(box.left, 0), box.bottom);
  }
}
