// The viewer comes here.
function init(evt) {}
