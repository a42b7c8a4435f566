// One text or several, in tabs: the prompts of a panel.

class Prompts {
  /**
   * @param {string} id of the panel, for the labels @param {string[]} texts
   * @param {(pause?: number) => void} onchange a pause of 0 ms where nobody is typing
   */
  constructor(id, texts, onchange) {
    this.id = id;
    this.texts = texts;
    this.onchange = onchange;
    this.tab = 0;
    this.tabs = h("div.tabs", { role: "tablist", "aria-label": "Prompts", onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e) });
    this.more = h("button.quiet", { onclick: () => this.add() }, "Add a prompt");
    this.less = h("button.quiet", { onclick: () => this.remove() }, "Remove");
    this.text = h("textarea", { id: `${id}-prompt`, rows: 4, spellcheck: true, placeholder: "What happens, where, in what light, how the camera moves",
      "aria-describedby": `${id}-on-prompt`, oninput: () => { this.texts[this.tab] = this.text.value; this.draw(); this.onchange(); } });
    this.panel = h("div", { id: `${id}-panel` }, this.text);
    const label = h("label.label", { htmlFor: this.text.id }, "Prompt");
    this.head = h("div.head", {}, label, this.tabs, h("span.grow", {}), this.less, this.more);
    this.turn(0);
  }

  /** Other texts, from another view. @param {string[]} texts */
  replace(texts) {
    this.texts = texts;
    this.turn(Math.min(this.tab, texts.length - 1));
  }

  draw() {
    const many = this.texts.length > 1;
    this.tabs.hidden = !many;
    this.less.hidden = !many;
    this.panel.setAttribute("role", many ? "tabpanel" : "group");
    if (many) this.panel.setAttribute("aria-labelledby", `${this.id}-tab-${this.tab}`);
    else this.panel.removeAttribute("aria-labelledby");
    if (!many) return this.tabs.replaceChildren();
    const focused = this.tabs.contains(this.tabs.getRootNode().activeElement);
    this.tabs.replaceChildren(...this.texts.map((/** @type {string} */ text, /** @type {number} */ index) => h("button", {
      role: "tab", id: `${this.id}-tab-${index}`, tabIndex: index === this.tab ? 0 : -1, "aria-selected": String(index === this.tab),
      "aria-controls": this.panel.id, title: text.slice(0, 80), onclick: () => this.turn(index) }, String(index + 1))));
    if (focused) this.tabs.children[this.tab].focus();
  }

  /** @param {number} index */
  turn(index) {
    this.tab = index;
    this.text.value = this.texts[index];
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.turn((this.tab + step + this.texts.length) % this.texts.length);
  }

  add() {
    this.texts.push(this.texts[this.tab] ?? "");
    this.turn(this.texts.length - 1);
    this.text.focus();
    this.text.select();
    this.onchange(0);
  }

  remove() {
    this.texts.splice(this.tab, 1);
    this.turn(Math.max(0, this.tab - 1));
    this.text.focus();
    this.onchange(0);
  }
}
