// The report's script: a prompt's player is made when somebody opens it, and few of them live at once.

const MOST_ALIVE = 3;

/** @type {{details: HTMLDetailsElement, player: Player, root: HTMLElement}[]} */
const alive = [];

/** @param {HTMLDetailsElement} details */
function shut(details) {
  const index = alive.findIndex(one => one.details === details);
  const [gone] = index < 0 ? [] : alive.splice(index, 1);
  gone?.player.dispose();
  gone?.root.remove();
  details.open = false;
}

/** @param {HTMLDetailsElement} details */
function reveal(details) {
  const kept = details.querySelector('noscript')?.textContent;
  if (!kept || alive.some(one => one.details === details)) return;
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
  alive.push({details, player: mount(root), root});
  const [oldest] = alive;
  if (oldest && alive.length > MOST_ALIVE) shut(oldest.details);
}

for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('details.play'))) {
  details.addEventListener('toggle', () => details.open ? reveal(details) : shut(details));
}
