// The gallery's script: filters over the rows of a table, and the player for the clips that were chosen.

const MOST = 12;

/** @typedef {{prompt: string, settings: string[], cost: number | null, fps: number, seconds: number, sound: boolean}} Told */
/** @typedef {{node: HTMLElement, told: Told, day: string, tick: HTMLInputElement, link: HTMLAnchorElement | null}} Row */

/** @param {string} words @param {HTMLElement} field */
const labelled = (words, field) => make('label', {}, words, field);

/** The prompt, with the words marked that not all of the others have. @param {string} text @param {string[]} all */
function marked(text, all) {
  const common = all.map(other => new Set(other.toLowerCase().split(/\W+/u)));
  const line = make('p');
  for (const word of text.split(/(?<=\s)/u)) {
    const plain = word.toLowerCase().replace(/\W+/gu, '');
    line.append(common.every(words => words.has(plain)) ? word : make('mark', {}, word.trim()), ' ');
  }
  return line;
}

/** One clip as the player wants it. @param {Row} row @param {Row[]} rows @param {number} index */
function cell({told, link}, rows, index) {
  const own = told.settings.filter(setting => !rows.every(row => row.told.settings.includes(setting)));
  const name = `${index + 1}: ${own.join(', ') || told.prompt.slice(0, 40)}`;
  const still = link?.querySelector('img')?.src ?? '';
  const video = make('video', {
    src: link?.href ?? '', poster: still, preload: 'metadata', playsinline: '', class: 'kling-nb-film', 'aria-label': name,
  });
  const prompts = rows.map(row => row.told.prompt);
  const say = make('div', {class: 'kling-nb-say'}, make('b', {}, own.join(', ')));
  if (new Set(prompts).size > 1) say.append(marked(told.prompt, prompts));
  return make(
    'div',
    {
      class: 'kling-nb-clip', 'data-name': name, 'data-fps': `${told.fps}`, 'data-seconds': `${told.seconds}`,
      ...(told.sound ? {'data-sound': '1'} : {}),
    },
    box('view', video), say,
  );
}

/** @param {HTMLElement} root */
function browse(root) {
  const body = root.querySelector('tbody');
  const head = root.querySelector('.kling-nb-found');
  if (!body || !head) return;
  /** @type {Row[]} */
  const rows = [...body.rows].map(node => {
    /** @type {Told} */
    const told = JSON.parse(node.dataset.clip ?? '{}');
    const tick = make('input', {type: 'checkbox', 'aria-label': `Choose ${told.prompt.slice(0, 60)}, ${told.settings.join(', ')}`});
    node.prepend(make('td', {}, tick));
    return {node, told, day: node.cells[4]?.textContent ?? '', tick, link: node.querySelector('a')};
  });
  root.querySelector('thead tr')?.prepend(make('td'));

  const prompt = make('input', {type: 'search', placeholder: 'words'});
  const model = make('select', {}, make('option', {value: ''}, 'all'));
  for (const name of [...new Set(rows.map(row => row.told.settings[0] ?? ''))].sort()) model.append(make('option', {}, name));
  const since = make('input', {type: 'date'});
  const most = make('input', {type: 'number', min: '0', step: '0.05', placeholder: 'any'});
  const go = button('Compare', () => compare());
  const count = make('p', {role: 'status'});
  head.replaceChildren(
    count,
    make(
      'div', {class: 'kling-nb-filter'}, labelled('Prompt', prompt), labelled('Model', model),
      labelled('Made since', since), labelled('At most USD', most), go,
    ),
  );
  /** @type {Player | undefined} */
  let player;

  const chosen = () => rows.filter(row => row.tick.checked);

  const draw = () => {
    const words = prompt.value.toLowerCase().split(/\s+/u);
    let shown = 0;
    for (const {node, told, day} of rows) {
      const fits = words.every(word => told.prompt.toLowerCase().includes(word))
        && (!model.value || told.settings[0] === model.value) && day >= since.value
        && (!most.value || (told.cost !== null && told.cost <= Number(most.value)));
      node.hidden = !fits;
      shown += Number(fits);
    }
    const number = chosen().length;
    count.textContent = `${shown} of ${rows.length} clips, ${number} chosen`;
    go.disabled = number < 2 || number > MOST;
    go.textContent = number > MOST ? `At most ${MOST} clips` : number > 1 ? `Compare ${number} clips` : 'Choose two or more';
  };

  const compare = () => {
    const picked = chosen();
    player?.dispose();
    root.querySelector('.kling-nb-player')?.remove();
    const columns = picked.length < 4 ? picked.length : Math.ceil(Math.sqrt(picked.length));
    const cells = make(
      'div', {class: 'kling-nb-cells', style: `--n:${columns};--least:220px;--ratio:1.7778`},
      ...picked.map((row, index) => cell(row, picked, index)),
    );
    const stage = make('div', {class: 'kling-nb-player kling-nb-on', 'data-mode': 'grid'}, cells);
    root.querySelector('.kling-nb-wide')?.after(stage);
    player = mount(stage);
    stage.focus();
  };

  root.addEventListener('keydown', event => event.stopPropagation());
  root.addEventListener('input', draw);
  draw();
}
