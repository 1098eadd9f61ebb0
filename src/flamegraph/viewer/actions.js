// @ts-check
// What buttons, keys and items of menus do.

/** @param {Viewer} viewer */
function actionsOf(viewer) {
  return {
    unzoom: () => viewer.zoom(0),
    /** @param {number} node */
    zoom: (node) => viewer.zoom(node),
    /** @param {string} term */
    follow: (term) => searchFor(viewer, term),
    /** @param {string} term */
    finish: (term) => finishSearch(viewer, term),
    toggleCase: () => changeQuery(viewer, { ignoreCase: !viewer.query.ignoreCase }),
    togglePlain: () => changeQuery(viewer, { isPlain: !viewer.query.isPlain }),
    resetSearch: () => finishSearch(viewer, ''),
    next: () => step(viewer, 1),
    previous: () => step(viewer, -1),
    flip: () => flip(viewer),
    flame: () => showStacks(viewer, false),
    icicle: () => showStacks(viewer, true),
    callers: () => toggleView(viewer, 'callers'),
    table: () => toggleView(viewer, 'table'),
    both: () => toggleView(viewer, 'both'),
    sandwich: () => toggleSandwich(viewer),
    filter: () => toggleFilter(viewer),
    recursion: () => viewer.show({ recursion: !viewer.view.recursion }),
    menu: () => openMenu(viewer, 'menu', mainMenu(viewer)),
    views: () => openMenu(viewer, 'view', viewMenu(viewer)),
    part: () => openMenu(viewer, 'part', partMenu(viewer)),
    order: () => viewer.show({ order: viewer.view.order === 'name' ? 'width' : 'name' }),
    side: () => nextSide(viewer),
    safe: () => toggleSafe(viewer),
    units: () => toggleUnits(viewer),
    undo: () => undo(viewer),
    more: () => scrollOn(viewer),
    heat: () => toggleHeat(viewer),
    dark: () => toggleTheme(viewer),
    save: () => savePicture(viewer),
    png: () => savePixels(viewer),
    csv: () => saveTable(viewer),
    export: () => saveStacks(viewer),
    help: () => viewer.help.toggle(!viewer.help.isOpen, viewer.picture.inSight()[0]),
  };
}
