// textual.js leaves the keyboard to the first click; here the keys are all there is.
const focusTerminal = () => document.querySelector(".xterm-helper-textarea")?.focus();
new MutationObserver(focusTerminal).observe(document.body, { attributeFilter: ["class"] });
window.addEventListener("focus", focusTerminal);
