// The composer: a form that offers what can be sent, says what it costs, and shows what becomes of it.
// The kernel does the thinking (lab/compose); here are only the controls.

const PAUSE = 150; // ms without a key until the kernel hears what was typed

class Composer {
  /** @param {Model} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.id = uid();
    this.seq = 0;
    /** @type {any} */
    this.told = {}; // the kernel's latest word
    this.fresh = false; // whether it answers what stands in the form
    this.sending = this.onway = this.waiting = false;
    this.remarks = new Remarks(this.id);
    this.link = new Link(model, (busy) => this.busy(busy), () => this.lost());
    /** @type {any} */
    this.form = { ...model.get("state").form };
    this.form.prompts = [...this.form.prompts];
    this.prompts = new Prompts(this.id, this.form.prompts, (pause) => this.soon(pause));
    this.results = new Results(this.link, (sentence) => say(this.trouble, sentence));
    this.places = { image: this.place("image", "First frame"), tail: this.place("tail", "Last frame") };
    this.build();
    el.append(this.root);
    this.onstate = () => this.show();
    this.onrows = () => this.showRows();
    model.on("change:state", this.onstate);
    model.on("change:rows", this.onrows);
    this.show(true);
    this.showRows();
  }

  build() {
    const field = (/** @type {string} */ text, /** @type {any} */ control, /** @type {string} */ kind = "") => {
      control.id = control.id || uid();
      return h(`div.field${kind}`, {}, h("label.label", { htmlFor: control.id }, text), control);
    };
    this.table = h("input", { type: "text", spellcheck: false, placeholder: "A DataFrame's name or a CSV file", list: `${this.id}-tables`,
      oninput: () => { this.form.table = this.table.value; this.soon(); } });
    this.tableNames = h("datalist", { id: `${this.id}-tables` });
    this.tableField = field("Fill {names} from", this.table);
    this.tableField.append(this.tableNames, this.remarks.box("table"));
    this.negative = h("input", { type: "text", placeholder: "What must not be seen", oninput: () => { this.form.negative = this.negative.value; this.soon(); } });
    this.negativeField = field("Negative prompt", this.negative);
    this.gateway = h("select", { onchange: () => this.set("gateway", this.gateway.value) });
    this.choice = h("select", { onchange: () => this.set("model", this.choice.value) });
    /** @type {any} */
    this.modes = segments("Mode", (value) => this.set("mode", value));
    /** @type {any} */
    this.aspects = segments("Aspect ratio", (value) => this.set("aspect", value));
    /** @type {any} */
    this.durations = segments("Duration", (value) => this.set("duration", value));
    this.sound = h("input", { type: "checkbox", role: "switch", onchange: () => this.set("sound", this.sound.checked) });
    this.soundText = h("span", {}, "Off");
    this.soundField = h("div.field", {}, h("div.label", { id: `${this.id}-sound` }, "Sound"), h("label.switch", {}, this.sound, this.soundText));
    this.sound.setAttribute("aria-labelledby", `${this.id}-sound`);
    this.takes = h("input.number", { type: "number", min: 1, max: 9, value: this.form.takes, oninput: () => this.set("takes", Number(this.takes.value) || 1) });
    for (const [slot, frame] of Object.entries(this.places)) frame.el.append(this.remarks.box(slot));

    this.submit = h("button.go", { onclick: () => this.go(), "aria-describedby": `${this.id}-price` }, "Generate");
    this.yes = h("button.go", { onclick: () => this.send() }, "Yes, generate");
    this.no = h("button.quiet", { onclick: () => this.unask(true) }, "Not now");
    this.question = h("b", {});
    this.asking = h("div.asking", { role: "group", "aria-label": "Confirm", hidden: true }, this.question, this.yes, this.no);
    this.price = h("span.price", { id: `${this.id}-price` });
    this.copyCell = h("button.quiet", { onclick: () => this.copied() }, "Copy as cell");
    this.status = h("p.status", { role: "status", hidden: true });
    this.trouble = h("p.why", { role: "alert", hidden: true });
    this.cell = h("textarea.cell", { readOnly: true, hidden: true, rows: 4, "aria-label": "The same request as a cell" });
    this.gone = h("p.gone", { role: "alert", hidden: true });
    const main = h("div.main", {}, h("div.field", {}, this.prompts.head, this.prompts.panel, this.remarks.box("prompt")), this.tableField, this.negativeField,
      h("div.two", {}, field("Gateway", this.gateway), field("Model", this.choice)),
      h("div.choices", {}, this.modes.el, this.aspects.el, this.durations.el, this.soundField, field("Takes", this.takes)),
      this.remarks.whys, this.remarks.rest);
    this.side = h("div.side", {}, h("div.frames", {}, this.places.image.el, this.places.tail.el));
    this.fields = h("fieldset.whole", {}, h("div.compose", {}, main, this.side),
      h("div.foot", {}, this.submit, this.asking, this.price, h("span.grow", {}), this.copyCell));
    const hide = h("style", {}, `.kling-nb-record-${this.model.get("state").record}{display:none}`);
    this.root = h("div.panel", { role: "group", "aria-label": "Kling panel", tabIndex: -1 },
      hide, this.gone, this.fields, this.status, this.trouble, this.cell, this.results.el);
    this.root.classList.add("kling-nb");
    inhabit(this.root, this.link);
    this.root.addEventListener("paste", (/** @type {ClipboardEvent} */ event) => this.pasted(event));
    for (const name of ["dragover", "drop"]) this.root.addEventListener(name, (/** @type {Event} */ event) => event.preventDefault());
    this.root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.asking.hidden ? this.go() : this.send();
      if (event.key === "Escape" && !this.asking.hidden) this.unask(true);
    });
    this.negative.value = this.form.negative;
    this.table.value = this.form.table;
  }

  /** @param {string} slot @param {string} label */
  place(slot, label) {
    const its = { slot, label, onchange: () => this.soon(0), limits: () => this.told.limits, shape: () => this.shape || "" };
    return new FramePlace(this.link, its);
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    this.form[name] = value;
    if (name === "aspect") this.shape = value;
    this.soon(0);
  }

  /** @param {ClipboardEvent} event */
  pasted(event) {
    event.stopPropagation();
    const target = /** @type {any} */ (event.target);
    const here = Object.values(this.places).find((place) => place.el.contains(target));
    const files = event.clipboardData && event.clipboardData.files.length;
    if (target.matches("input, textarea") && !files) return;
    const place = here || Object.values(this.places).find((one) => !one.filled && !one.zone.disabled);
    if (place && place.takeFrom(event.clipboardData)) event.preventDefault();
  }

  // --- to the kernel and back ---

  /** Tell the kernel after a pause. @param {number} [pause] ms */
  soon(pause = PAUSE) {
    clearTimeout(this.timer);
    this.fresh = false;
    this.unask();
    this.drawFoot();
    this.timer = setTimeout(() => this.tell(), pause);
  }

  tell() {
    this.link.ask("form", { form: this.form, seq: ++this.seq }).catch((error) => say(this.trouble, error.message));
  }

  /** Take over what the kernel makes of the form. @param {boolean} [first] */
  show(first = false) {
    const told = this.model.get("state");
    const mine = told.view === this.link.view;
    if (!first && mine && told.seq < this.seq) return; // something newer is on its way
    this.told = told;
    this.fresh = true;
    const { prompts, negative, table, ...chosen } = told.form;
    Object.assign(this.form, chosen);
    if (!mine && !first && !this.root.contains(/** @type {any} */ (this.root.getRootNode()).activeElement)) {
      // Another view of this panel has changed it.
      Object.assign(this.form, { prompts: [...prompts], negative, table });
      this.prompts.replace(this.form.prompts);
      this.negative.value = negative;
      this.table.value = table;
    }
    const form = this.form;
    if (form.aspect) this.shape = form.aspect;
    options(this.gateway, told.gateways, form.gateway);
    options(this.choice, told.models, form.model);
    this.modes.show(told.modes, form.mode, "the model's own");
    this.aspects.show(told.aspects, form.aspect, told.aspect ? "as the first frame" : "the model's own");
    this.durations.show(told.durations, form.duration, "the model's own");
    this.sound.disabled = Boolean(told.sound);
    this.sound.checked = Boolean(form.sound);
    this.soundText.textContent = form.sound ? "On" : "Off";
    this.soundField.title = told.sound;
    this.negative.disabled = Boolean(told.negative);
    this.negativeField.title = told.negative;
    this.places.image.allow(told.image);
    this.places.tail.allow(told.tail);
    this.tableField.hidden = !(told.braces || form.table);
    this.tableNames.replaceChildren(...(told.tables || []).map((/** @type {string} */ name) => h("option", { value: name })));
    if (Number(this.takes.value) !== form.takes && !this.takes.matches(":focus")) this.takes.value = form.takes;
    this.remarks.show(told, form.prompts.some((/** @type {string} */ text) => text.trim()));
    this.drawFoot();
  }

  /** Why it cannot be sent now, as far as the browser knows. */
  get blocked() {
    if (Object.values(this.places).some((place) => place.filled && !place.settled)) return "The picture is still on its way.";
    return this.fresh ? this.told.blocked : "";
  }

  drawFoot() {
    const { told, blocked } = this;
    const clips = told.clips || 0;
    this.submit.textContent = clips > 1 ? `Generate ${plural(clips, "clip")}` : "Generate";
    this.submit.disabled = Boolean(blocked) || !this.fresh || Boolean(this.sending);
    this.copyCell.disabled = !clips;
    const parts = blocked && blocked !== "Write a prompt first." && this.fresh
      ? [h("span.dim", {}, blocked)]
      : [h("b", {}, told.price), told.priceNote ? " " : "", h("span.dim", {}, told.priceNote)];
    const now = parts.map((part) => part.textContent ?? part).join("");
    if (this.price.textContent !== now) this.price.replaceChildren(...parts.filter(Boolean));
  }

  go() {
    if (this.submit.disabled || this.submit.hidden) return;
    if (!this.told.confirm) return void this.send();
    this.question.textContent = this.told.confirm;
    this.submit.hidden = this.price.hidden = true;
    this.asking.hidden = false;
    this.yes.focus();
  }

  /** Take the question away. @param {boolean} [back] with the focus where it came from */
  unask(back = false) {
    if (this.asking.hidden) return;
    this.asking.hidden = true;
    this.submit.hidden = this.price.hidden = false;
    if (back) this.submit.focus();
  }

  async send() {
    if (this.sending || this.blocked || !this.fresh) return;
    this.sending = true;
    const { clips, price } = this.told;
    const refocus = this.root.contains(/** @type {any} */ (this.root.getRootNode()).activeElement);
    this.unask();
    this.drawFoot();
    say(this.trouble, "");
    say(this.status, "Sending …");
    try {
      const answer = await this.link.ask("submit", { form: this.form, clips, price });
      say(this.status, answer.says);
      this.onway = !answer.here;
    } catch (error) {
      say(this.status, "");
      say(this.trouble, `${/** @type {Error} */ (error).message}`);
    }
    this.sending = false;
    this.drawFoot();
    if (refocus && !this.submit.disabled) this.submit.focus();
  }

  async copied() {
    try {
      const { cell } = await this.link.ask("cell", { form: this.form });
      const done = await copy(cell);
      this.cell.value = cell;
      this.cell.hidden = false;
      this.cell.rows = Math.min(12, cell.split("\n").length + 1);
      if (!done) this.cell.select();
      say(this.status, done ? "Copied: paste it into a cell." : "Copy it from here.");
    } catch (error) {
      say(this.trouble, `${/** @type {Error} */ (error).message}`);
    }
  }

  // --- what becomes of it ---

  showRows() {
    const rows = this.model.get("rows");
    this.results.show(rows);
    if (this.onway && rows.every((/** @type {any} */ row) => row.over)) {
      this.onway = false;
      say(this.status, "");
    }
  }

  /** @param {boolean} busy */
  busy(busy) {
    if (busy && !this.waiting) {
      this.waiting = true;
      say(this.status, BUSY);
    } else if (!busy && this.waiting) {
      this.waiting = false;
      say(this.status, this.sending ? "Sending …" : "");
    }
  }

  lost() {
    this.fields.disabled = true;
    this.root.classList.add("kling-nb-dead");
    this.results.lost();
    say(this.status, "");
    say(this.gone, "The kernel behind this panel is gone. Run its cell again for a new one; %kling resume goes on with jobs that were open. No job was stopped, and your prompt can still be copied from here.");
    // A disabled fieldset cannot be read out or copied from: the prompt stays in reach.
    this.gone.after(h("details", {}, h("summary", {}, "Your prompts"), h("pre", { tabIndex: 0 }, this.form.prompts.join("\n---\n"))));
  }

  close() {
    clearTimeout(this.timer);
    this.model.off("change:state", this.onstate);
    this.model.off("change:rows", this.onrows);
    this.results.close();
    for (const place of Object.values(this.places)) place.forget();
    this.link.close();
  }
}

export default {
  /** @param {{model: Model, el: HTMLElement}} its */
  render({ model, el }) {
    const composer = new Composer(model, el);
    return () => composer.close();
  },
};
