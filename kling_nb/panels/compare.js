// The comparison while clips are coming in. The HTML of each comes from Python, escaped there; a cell whose key is
// the same as before keeps its element, so that what plays goes on playing.

/**
 * @typedef {{id: string, head: string, shape: string, cells: [string, string][], foot: string}} Shown
 * @typedef {{key: string, at: number}} Piece
 * @typedef {{
 *   get(name: 'sheet'): string, get(name: 'parts'): Shown, send(content: Piece): void,
 *   on(name: string, act: (content: Piece, buffers: DataView[]) => void): void,
 *   off(name: string, act: (content: Piece, buffers: DataView[]) => void): void,
 * }} Model
 */

/** @param {string} html */
function nodes(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return document.importNode(template.content, true); // a template's own document refuses to load a clip
}

/** A clip's file, piece by piece through the widget. @param {Model} model @param {string} key @returns {Promise<Blob>} */
const pull = (model, key) => new Promise(done => {
  /** @type {DataView[]} */
  const pieces = [];
  let at = 0;
  /** @param {Piece} content @param {DataView[]} buffers */
  const take = (content, [piece]) => {
    if (content.key !== key || content.at !== at) return;
    if (piece?.byteLength) {
      pieces.push(piece);
      at += piece.byteLength;
      model.send({key, at});
    } else {
      model.off('msg:custom', take);
      done(new Blob(/** @type {BlobPart[]} */ (pieces), {type: 'video/mp4'}));
    }
  };
  model.on('msg:custom', take);
  model.send({key, at});
});

/** @param {{model: Model, el: HTMLElement}} given */
function render({model, el}) {
  const head = make('div');
  const foot = make('div');
  const cells = box('cells');
  const sheet = make('style', {}, model.get('sheet'));
  const root = make('div', {class: 'kling-nb kling-nb-player kling-nb-on', 'data-mode': 'grid', 'data-id': model.get('parts').id}, sheet, head, cells, foot);
  /** @type {Map<string, Element>} */
  let shown = new Map();
  /** @type {string[]} */
  const links = [];

  /** @param {string} key @param {string} html */
  const cell = async (key, html) => {
    const node = nodes(html).firstElementChild;
    const video = node?.querySelector('video');
    if (video && !video.src.startsWith('data:')) {
      video.removeAttribute('src');
      const link = URL.createObjectURL(await pull(model, key));
      links.push(link);
      video.src = link;
    }
    return node;
  };

  const fill = async () => {
    const parts = model.get('parts');
    /** @type {Map<string, Element>} */
    const next = new Map();
    for (const [key, html] of parts.cells) {
      const node = shown.get(key) ?? await cell(key, html);
      if (node) next.set(key, node);
    }
    head.replaceChildren(nodes(parts.head));
    foot.replaceChildren(nodes(parts.foot));
    for (const rule of parts.shape.split(';')) {
      const [name = '', value = ''] = rule.split(':');
      cells.style.setProperty(name, value);
    }
    for (const [key, node] of shown) if (!next.has(key)) node.remove();
    let at = cells.firstElementChild;
    for (const node of next.values()) {
      if (node === at) at = at.nextElementSibling;
      else cells.insertBefore(node, at);
    }
    shown = next;
    player.refresh();
  };

  el.append(root);
  const player = mount(root);
  let filled = fill();
  const update = () => {
    filled = filled.then(fill);
  };
  model.on('change:parts', update);
  return () => {
    model.off('change:parts', update);
    player.dispose();
    links.forEach(link => URL.revokeObjectURL(link));
  };
}

export default {render};
