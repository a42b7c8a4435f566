// Behind the module in a saved output: finds the output it stands in and starts it, once.
// VS Code runs scripts beside the output instead of inside of it.

/** @param {string} name @param {(root: HTMLElement) => void} start */
function begin(name, start) {
  const script = document.currentScript;
  const root = script?.closest(`.${name}`) ?? script?.parentElement?.querySelector(`.${name}:not(.kling-nb-on)`);
  if (!(root instanceof HTMLElement) || root.classList.contains('kling-nb-on')) return;
  root.classList.add('kling-nb-on');
  start(root);
}
