// @ts-check
// Shortens names in the modern theme: the function is kept, and what is around it is left out first.

const ELLIPSIS = '\u2026';

// The fewest characters of a name without its middle: less says nothing.
const MIN_CUT_LABEL = 5;

// The name, as much of it as fits into `room` pixels.
/** @param {Font} font @param {string} name @param {number} room */
function fitName(font, name, room) {
  if (room < font.narrowest) {
    return '';
  }
  let last = name;
  for (const shorter of shorterNames(name)) {
    if (font.width(shorter) <= room) {
      return shorter;
    }
    last = shorter;
  }
  const label = font.fit(last, room, keepBothEnds);
  return label.length >= MIN_CUT_LABEL || label === last ? label : '';
}

// A name without its middle. What is in brackets goes first, if the rest would be cut anyway.
/** @param {Font} font @param {string} name @param {number} room */
function fitBothEnds(font, name, room) {
  const plain = withoutBrackets(name);
  return font.fit(font.width(plain) > room ? plain : name, room, keepBothEnds);
}

// A name, and shorter forms of it: without what is in brackets, then without the parts of its path, from the first
// one on.
/** @param {string} name */
function* shorterNames(name) {
  yield name;
  const place = /^([^/(]+?) (\(?)([^ ()]*[/.][^ ()]*)(\)?)$/.exec(name);
  if (place) {
    // A function and its file.
    yield* withoutPath(place[3], `${place[1]} ${place[2]}`, place[4] ?? '');
    yield place[1];
    return;
  }
  const plain = withoutBrackets(name);
  yield plain;
  let last = plain;
  for (const shorter of withoutPath(plain, '', '')) {
    yield shorter;
    last = shorter;
  }
  yield last.replace(/^\u2026(::)?/, '');
}

// What is in braces, as closures are, stays with its function.
/** @param {string} path @param {string} before @param {string} after */
function* withoutPath(path, before, after) {
  const separator = /::(?!\{)|[\/`]|\.(?=[A-Za-z_$<(][^/]*$)(?!\w+(:\d|$))/g;
  for (const { index, 0: found } of path.matchAll(separator)) {
    const rest = path.slice(index + (found === '::' ? 0 : 1));
    yield before + ELLIPSIS + rest + after;
  }
}

// `a<b<c>>::f` becomes `a<...>::f`, and `f::<b>` becomes `f`. Brackets that are not in pairs are operators or arrows.
/** @param {string} name */
function withoutBrackets(name) {
  let [depth, kept] = [0, ''];
  for (let at = 0; at < name.length; at++) {
    const unit = name[at];
    if (unit === '<') {
      kept += depth++ === 0 ? '<' + ELLIPSIS : '';
    } else if (unit === '>' && name[at - 1] !== '-' && name[at - 1] !== '=') {
      depth--;
      kept += depth === 0 ? '>' : '';
    } else if (depth === 0) {
      kept += unit;
    }
    if (depth < 0) {
      return name;
    }
  }
  return depth === 0 ? kept.replaceAll('::<\u2026>', '') : name;
}
