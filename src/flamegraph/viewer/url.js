// @ts-check
// Stores the state in the URL.

// The query as a map. Values stay encoded, so that unrelated ones are preserved unchanged.
function readQuery() {
  const query = new Map();
  for (const part of location.search.slice(1).split('&')) {
    const equals = part.indexOf('=');
    if (equals >= 0) {
      query.set(part.slice(0, equals), part.slice(equals + 1));
    } else if (part) {
      query.set(part, null);
    }
  }
  return query;
}

// Replaces `changes` in the query; null removes. With `isNew`, the previous URL stays in the history.
/** @param {Record<string, string | null>} changes @param {boolean} isNew */
function writeQuery(changes, isNew) {
  const query = readQuery();
  for (const [key, value] of Object.entries(changes)) {
    query.delete(key);
    if (value !== null) {
      query.set(key, encode(value));
    }
  }
  const parts = [...query].map(([key, value]) => (value === null ? key : key + '=' + value));
  const search = parts.length > 0 ? '?' + parts.join('&') : '';
  if (search !== location.search) {
    writeUrl(location.pathname + search + location.hash, isNew);
  }
}

// Some documents may not change their URL (data:, some sandboxes): these do not store state.
/** @param {string} url @param {boolean} isNew */
function writeUrl(url, isNew) {
  try {
    history[isNew ? 'pushState' : 'replaceState'](null, '', url);
  } catch {
    return;
  }
}

// Half of a surrogate pair cannot be encoded.
/** @param {string} text */
function encode(text) {
  try {
    return encodeURIComponent(text);
  } catch {
    return encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''));
  }
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return text;
  }
}
