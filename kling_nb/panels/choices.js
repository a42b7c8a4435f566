// Controls that offer what the kernel says can be chosen; what is closed to a person says why.

const FEW = 5; // choices that stand side by side; more become a list

/**
 * Radios side by side, or a list where there are many.
 * @param {string} legend @param {(value: any) => void} choose called when a person has chosen
 */
function segments(legend, choose) {
  const body = h("div.pick", {});
  const el = h("fieldset.field", {}, h("legend.label", {}, legend), body);
  let signature = "";
  const show = (/** @type {any[]} */ choices, /** @type {any} */ value, /** @type {string} */ none) => {
    const now = JSON.stringify([choices, none]);
    let refocus = false;
    if (now !== signature) {
      signature = now;
      const many = choices.length > FEW;
      const name = uid();
      const note = (/** @type {any} */ choice) => ({ disabled: Boolean(choice.why), title: choice.why || "" });
      refocus = body.contains(body.getRootNode().activeElement);
      body.className = many ? "" : "kling-nb-pick";
      body.replaceChildren(...(many
        ? [h("select", { "aria-label": legend, onchange: (/** @type {any} */ e) => choose(choices[e.target.selectedIndex].value) },
            ...choices.map((choice) => h("option", { value: String(choice.value), ...note(choice) }, choice.label)))]
        : choices.length
          ? choices.map((choice) => h("label", { title: choice.why },
              h("input", { type: "radio", name, value: String(choice.value), ...note(choice), onchange: () => choose(choice.value) }),
              h("span", {}, choice.label)))
          : [h("span.none", {}, none)]));
    }
    for (const input of body.querySelectorAll("input")) input.checked = input.value === String(value);
    const select = body.querySelector("select");
    if (select) select.value = String(value);
    // Whoever stands in the choice while it changes stays in it.
    if (refocus) (body.querySelector("input:checked, select") || body.querySelector("input:enabled"))?.focus();
  };
  return { el, show };
}

/** A list whose closed choices say why. @param {HTMLSelectElement} select @param {any[]} choices @param {string} value */
function options(select, choices, value) {
  const now = JSON.stringify(choices);
  if (select.dataset.now !== now) {
    select.dataset.now = now;
    select.replaceChildren(...choices.map((choice) =>
      h("option", { value: choice.value, disabled: Boolean(choice.why), title: choice.why },
        choice.why && choice.short ? `${choice.label} (${choice.short})` : choice.label)));
  }
  select.value = value;
}
