// The report's script: a prompt's player is made when somebody opens it, and few of them live at once.

const MOST_OPEN = 3;

/** @type {{details: HTMLDetailsElement, player: {dispose: () => void}, root: HTMLElement}[]} */
const open = [];

/** @param {HTMLDetailsElement} details */
function close(details) {
  const index = open.findIndex(one => one.details === details);
  const [gone] = index < 0 ? [] : open.splice(index, 1);
  gone?.player.dispose();
  gone?.root.remove();
}

/** @param {HTMLDetailsElement} details */
function show(details) {
  const kept = details.querySelector('noscript')?.textContent;
  if (!kept || open.some(one => one.details === details)) return;
  const held = document.createElement('template');
  held.innerHTML = kept;
  const root = /** @type {HTMLElement} */ (held.content.firstElementChild);
  // Each poster is in the page once, above the player; a clip's name begins with its number.
  const stills = details.closest('article')?.querySelectorAll('.strip > li');
  for (const cell of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('.kling-nb-clip'))) {
    const still = stills?.[Number(/\d+/.exec(cell.dataset.name ?? '')?.[0]) - 1]?.querySelector('img');
    const video = cell.querySelector('video');
    if (still && video) video.poster = still.src;
  }
  root.classList.add('kling-nb-on');
  details.append(root);
  open.push({details, player: mount(root), root});
  while (open.length > MOST_OPEN) /** @type {typeof open[0]} */ (open[0]).details.open = false, close(open[0].details);
}

for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('details.play'))) {
  details.addEventListener('toggle', () => details.open ? show(details) : close(details));
}
