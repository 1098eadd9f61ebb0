// Creates elements.

function create(namespace, name, attributes, parent) {
  const element = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  return parent ? parent.appendChild(element) : element;
}

// An HTML element with a text.
function html(name, text, attributes = {}, parent = null) {
  const element = create(XHTML, name, attributes, parent);
  element.textContent = text;
  return element;
}

// A button that does not take the focus when clicked with the mouse.
function button(text, label, parent, action) {
  const element = html('button', text, { type: 'button', title: label }, parent);
  element.addEventListener('mousedown', (event) => event.preventDefault());
  element.addEventListener('click', action);
  return element;
}

function number(element, attribute) {
  return parseFloat(element.getAttribute(attribute)) || 0;
}

function isHidden(element) {
  return element.classList.contains('hide');
}

function setShown(element, shown) {
  element.classList.toggle('hide', !shown);
}
