// @ts-check
// Creates elements.

/** @param {string} namespace @param {string} name @param {Record<string, string | number>} attributes @param {Node | null} parent @returns {any} */
function create(namespace, name, attributes, parent) {
  const element = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  return parent ? parent.appendChild(element) : element;
}

// An HTML element with a text.
/** @param {string} name @param {any} text @param {Record<string, string | number>} [attributes] @param {Node | null} [parent] @returns {any} */
function html(name, text, attributes = {}, parent = null) {
  const element = create(XHTML, name, attributes, parent);
  element.textContent = text;
  return element;
}

// A button that does not take the focus when clicked with the mouse.
/** @param {string} text @param {string} label @param {Element | null} parent @param {() => void} action @returns {any} */
function button(text, label, parent, action) {
  /** @type {HTMLButtonElement} */
  const element = html('button', text, { type: 'button', title: label }, parent);
  element.addEventListener('mousedown', (event) => event.preventDefault());
  element.addEventListener('click', action);
  return element;
}

/** @param {Element} element @param {string} attribute */
function number(element, attribute) {
  return parseFloat(element.getAttribute(attribute)) || 0;
}

/** @param {Element} element */
function isHidden(element) {
  return element.classList.contains('hide');
}

/** @param {Element} element @param {boolean} shown */
function setShown(element, shown) {
  element.classList.toggle('hide', !shown);
}
