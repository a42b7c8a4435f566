// The controls around a deck and a stage: buttons, keys, saving pictures. The page holds everything that is
// known about the clips (see html.py); this adds only what needs a script.

const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2];
const LABEL = 44;

/** @typedef {{refresh: () => void, dispose: () => void, deck: Deck, stage: Stage}} Player */

/** @param {string} words @param {() => void} act @param {Record<string, string>} [attributes] */
function button(words, act, attributes) {
  const node = make('button', {type: 'button', ...attributes}, words);
  node.onclick = act;
  return node;
}

/** @param {Element} node @param {boolean} on */
const press = (node, on) => node.ariaPressed = `${on}`;

/** @param {number} seconds */
const clock = seconds => {
  const rest = (seconds % 60).toFixed(2).padStart(5, '0');
  return `${Math.floor(seconds / 60)}:${rest}`;
};

/**
 * All clips as they are now, in one picture with their names.
 * @param {Clip[]} clips
 * @returns {Promise<Blob | null>}
 */
function picture(clips) {
  const width = Math.max(...clips.map(({video}) => video.videoWidth));
  const height = Math.max(...clips.map(({video}) => video.videoHeight));
  const columns = Math.ceil(Math.sqrt(clips.length));
  const canvas = make('canvas');
  canvas.width = width * columns;
  canvas.height = (height + LABEL) * Math.ceil(clips.length / columns);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = '#fff';
  pen.font = '24px system-ui';
  clips.forEach(({video, name}, index) => {
    const x = width * (index % columns);
    const y = (height + LABEL) * Math.floor(index / columns);
    pen.drawImage(video, x + (width - video.videoWidth) / 2, y + (height - video.videoHeight) / 2);
    pen.fillText(name, x + 12, y + height + 31, width - 24);
  });
  return new Promise(done => canvas.toBlob(done));
}

/**
 * Turn the clips on a page into a player. Needs nothing outside of `root`, whose class says `kling-nb-on` by then.
 * @param {HTMLElement} root
 * @returns {Player}
 */
function mount(root) {
  const cells = /** @type {HTMLElement} */ (root.querySelector('.kling-nb-cells'));
  const deck = new Deck(draw);
  const stage = new Stage(root, cells, deck, draw);
  let target = root;

  const play = button('Play', toggle, {class: 'kling-nb-play'});
  const now = box('now');
  const all = box('now');
  const bar = make('input', {type: 'range', min: '0', 'aria-label': 'Position'});
  const track = box('track', bar);
  bar.oninput = () => deck.seek((Number(bar.value) + 0.5) / deck.fps);

  const speed = make('select', {'aria-label': 'Speed'});
  speed.append(...SPEEDS.map(rate => make('option', {value: `${rate}`}, `${rate}×`)));
  speed.onchange = () => hurry(Number(speed.value));

  /** @type {Mode[]} */
  const modes = ['grid', 'wipe', 'difference', 'flicker'];
  const tabs = modes.map(mode => button(mode, () => stage.show(mode)));
  const views = box('seg', ...tabs);
  const sides = [0, 1].map(side => {
    const select = make('select', {'aria-label': side ? 'Second clip' : 'First clip'});
    select.onchange = () => stage.choose(side, deck.clips[Number(select.value)]);
    return select;
  });
  const swap = button('Swap', flip);

  const loop = button('Loop', repeat);
  const from = button('From here', () => section('from'));
  const to = button('To here', () => section('to'));
  const zoom = button('Zoom', magnify);
  const later = button('Offsets', offsets);
  const sound = button('Sound', mute);
  const help = button('Keys', card);
  const status = make('span', {role: 'status'});

  /** @type {[string, string, () => void, string?][]} What it is called, what it does, and its code if that is no name. */
  const keys = [
    ['Space', 'play, pause', toggle, ' '],
    ['←', 'one second back', () => deck.seek(deck.time - 1), 'ArrowLeft'],
    ['→', 'one second on', () => deck.seek(deck.time + 1), 'ArrowRight'],
    [',', 'one frame back', () => deck.step(-1)],
    ['.', 'one frame on', () => deck.step(1)],
    ['Home', 'first frame', () => deck.seek(deck.start)],
    ['End', 'last frame', () => deck.seek(deck.end)],
    ['−', 'slower', () => faster(-1), '-'],
    ['+', 'faster', () => faster(1)],
    ['[', 'loop from here', () => section('from')],
    [']', 'loop to here', () => section('to')],
    ['L', 'loop', repeat],
    ['G', 'grid', () => stage.show('grid')],
    ['W', 'wipe: arrows move it', () => stage.show('wipe')],
    ['D', 'difference', () => stage.show('difference')],
    ['F', 'flicker', () => stage.show('flicker')],
    ['X', 'swap the two', flip],
    ['Z', 'zoom: Shift and arrows move', magnify],
    ['1–9', 'hear that clip', toggle, ''],
    ['M', 'sound', mute],
    ['O', 'offsets', offsets],
    ['S', 'save frames', keep],
    ['?', 'this card', card],
    ['Esc', 'back, then leave', back, 'Escape'],
  ];
  const listed = keys.flatMap(([name, words]) => [make('dt', {}, make('kbd', {}, name)), make('dd', {}, words)]);
  const manual = box('keys', make('dl', {}, ...listed));
  manual.hidden = true;

  const controls = box(
    'controls',
    box(
      'line', play, button('‹', () => deck.step(-1), {'aria-label': 'One frame back'}),
      button('›', () => deck.step(1), {'aria-label': 'One frame on'}), now, track, all,
    ),
    box('line', views, ...sides, swap, make('i'), speed, loop, from, to, zoom, later, sound, button('Save frames', keep), help),
    manual, status,
  );

  function toggle() {
    if (deck.playing) deck.pause();
    else deck.play();
  }

  /** @param {number} rate */
  function hurry(rate) {
    deck.rate = rate;
    draw();
  }

  /** @param {number} steps */
  function faster(steps) {
    hurry(SPEEDS[SPEEDS.indexOf(deck.rate) + steps] ?? deck.rate);
  }

  function flip() {
    if (stage.mode !== 'flicker') stage.pair.reverse();
    stage.flip();
  }

  function repeat() {
    deck.loop = !deck.loop;
    [deck.from, deck.to] = [0, Infinity];
    draw();
  }

  /** @param {'from' | 'to'} end */
  function section(end) {
    deck.loop = true;
    if (end === 'from') deck.from = deck.frame / deck.fps;
    else deck.to = (deck.frame + 1) / deck.fps;
    if (deck.from >= deck.to) [deck.from, deck.to] = end === 'from' ? [deck.from, Infinity] : [0, deck.to];
    draw();
  }

  function magnify() {
    stage.magnify(stage.zoom > 4 ? 1 : stage.zoom * 2);
  }

  function offsets() {
    root.classList.toggle('kling-nb-shift');
    draw();
  }

  function mute() {
    deck.muted = !deck.muted;
    deck.hush();
  }

  /** @param {Clip} clip */
  function hear(clip) {
    deck.muted = false;
    deck.heard = clip;
    deck.hush();
  }

  async function keep() {
    deck.pause();
    const shown = root.dataset.mode === 'grid' ? deck.usable : stage.pair;
    await Promise.all(shown.map(({video}) => ready(video, 2)));
    try {
      const link = make('a', {download: `frame-${deck.frame}.png`});
      link.href = URL.createObjectURL(/** @type {Blob} */ (await picture(shown)));
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), PATIENCE);
      status.textContent = `Saved as ${link.download}.`;
    } catch {
      status.textContent = 'Pages opened from a file may not save pictures: open it in Jupyter.';
    }
  }

  function card() {
    manual.hidden = !manual.hidden;
    draw();
  }

  function back() {
    if (!manual.hidden) card();
    else if (stage.zoom > 1) stage.magnify(1);
    else if (stage.mode !== 'grid') stage.show('grid');
    else target.blur();
  }

  /** @param {KeyboardEvent} event */
  function typed(event) {
    const {key} = event;
    const other = event.ctrlKey || event.metaKey;
    if (other && key === 's') return;
    // Nothing else may reach the notebook, where a single letter makes or deletes cells.
    event.stopPropagation();
    target = /** @type {HTMLElement} */ (event.target);
    if (other || event.altKey || target.matches('select,[type=number]') && key !== 'Escape') return;
    if (target.matches('button,a') && /^( |Enter)$/.test(key)) return;
    if (act(event, target === stage.handle)) event.preventDefault();
  }

  /** @param {KeyboardEvent} event @param {boolean} wiping */
  function act({key, shiftKey}, wiping) {
    const x = {ArrowLeft: -1, ArrowRight: 1}[key] ?? 0;
    const y = {ArrowUp: -1, ArrowDown: 1}[key] ?? 0;
    const edge = {Home: 0, End: 100}[key];
    if (wiping && (x || y)) return stage.wipe(stage.cut + (x - y) * (shiftKey ? 10 : 1));
    if (wiping && edge !== undefined) return stage.wipe(edge);
    if (stage.zoom > 1 && shiftKey && (x || y)) return stage.look(stage.x + 4 * x, stage.y + 4 * y);
    const nth = deck.clips[Number(key) - 1];
    if (nth?.sound) hear(nth);
    const found = keys.find(([name, , , code = name]) => code.toLowerCase() === key.toLowerCase());
    found?.[2]();
    return !!(nth || found);
  }

  function draw() {
    const {fps, length, frame} = deck;
    const frames = Math.max(1, Math.round(length * fps));
    const paired = root.dataset.mode !== 'grid';
    play.textContent = deck.playing ? 'Pause' : 'Play';
    bar.max = `${frames - 1}`;
    bar.value = `${frame}`;
    bar.ariaValueText = `${(frame / fps).toFixed(2)} s, frame ${frame} of ${frames}`;
    now.textContent = clock(frame / fps);
    all.textContent = clock(length);
    track.style.setProperty('--from', `${100 * deck.start / length}%`);
    track.style.setProperty('--to', `${100 * deck.end / length}%`);
    track.classList.toggle('kling-nb-part', deck.loop);
    speed.value = `${deck.rate}`;
    for (const tab of tabs) press(tab, tab.textContent === root.dataset.mode);
    sides.forEach((select, side) => {
      select.hidden = !paired || deck.clips.length < 3;
      select.value = `${deck.clips.findIndex(clip => clip === stage.pair[side])}`;
    });
    swap.hidden = !paired;
    from.hidden = to.hidden = !deck.loop;
    sound.hidden = !deck.heard;
    press(loop, deck.loop);
    press(zoom, stage.zoom > 1);
    zoom.textContent = `Zoom ${stage.zoom}×`;
    press(later, root.classList.contains('kling-nb-shift'));
    press(sound, !deck.muted);
    help.ariaExpanded = `${!manual.hidden}`;
    for (const clip of deck.clips) {
      clip.cell.classList.toggle('kling-nb-lost', !!clip.video.error);
      const own = clip.cell.querySelector('.kling-nb-own button');
      if (own) press(own, deck.heard === clip && !deck.muted);
    }
  }

  /** What one clip has of its own: to hear it, and to let it start later. @param {Clip} clip */
  function own(clip) {
    const input = make('input', {type: 'number', step: `${1 / clip.fps}`, value: '0'});
    input.onchange = () => {
      clip.offset = Math.round(Number(input.value) * clip.fps) / clip.fps;
      deck.seek(deck.time);
    };
    const line = box('own', make('label', {}, 'starts later by ', input, ' s'));
    if (clip.sound) line.prepend(button('Hear', () => hear(clip), {'aria-label': `Hear ${clip.name}`}));
    clip.cell.append(line);
  }

  /** Take in the clips that have come, leave out those that have gone. */
  function refresh() {
    const all = /** @type {HTMLElement[]} */ ([...cells.querySelectorAll('.kling-nb-clip')]);
    for (const clip of deck.clips) if (!all.includes(clip.cell)) deck.remove(clip);
    for (const cell of all) {
      const clip = deck.clips.some(known => known.cell === cell) || deck.add(cell);
      if (typeof clip === 'object') own(clip);
    }
    deck.clips.sort((a, b) => all.indexOf(a.cell) - all.indexOf(b.cell));
    for (const select of sides) {
      select.replaceChildren(...deck.clips.map((clip, index) => make('option', {value: `${index}`}, clip.name)));
    }
    controls.hidden = !deck.clips.length;
    views.hidden = deck.clips.length < 2;
    stage.draw();
    if (deck.time) deck.seek(deck.time);
  }

  const watch = new IntersectionObserver(seen => {
    if (seen.at(-1)?.isIntersecting) deck.wake();
    else deck.sleep(!root.isConnected);
  });

  root.tabIndex = 0;
  root.role = 'group';
  root.ariaLabel = 'Comparison of clips';
  views.role = 'group';
  views.ariaLabel = 'View';
  cells.after(controls);
  root.onkeydown = typed;
  cells.onclick = event => {
    if (stage.mode === 'wipe' || !stage.view(event)) return;
    toggle();
    root.focus(CALM);
  };

  // The durable form of a comparison goes on where the living one, whose place it takes, has been.
  const page = /** @type {any} */ (globalThis);
  const id = /** @type {string} */ (root.dataset.id);
  const was = page[id]?.deref();
  const heir = was && !was.root.isConnected;
  if (id) page[id] = new WeakRef(stage);
  root.addEventListener('focusin', () => stage.on = true);
  // Taken out of the page it has lost the focus before anything else is known.
  root.addEventListener('focusout', () => setTimeout(() => stage.on &&= !root.isConnected || root.matches(':focus-within')));
  if (heir) Object.assign(deck, was.deck, {tell: draw, clips: [], heard: undefined, asleep: false});
  refresh();
  if (heir) {
    if (was.on) root.focus(CALM);
    stage.show(was.mode, was.on);
    if (deck.playing) deck.play();
  }
  watch.observe(root);

  const dispose = () => {
    watch.disconnect();
    clearInterval(stage.timer);
    deck.clips.forEach(clip => deck.remove(clip));
  };
  return {refresh, dispose, deck, stage};
}
