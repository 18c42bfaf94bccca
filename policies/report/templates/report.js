"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const status = by("status");
  const family = by("family");
  const fold = by("fold");
  const channels = [...document.querySelectorAll(".channel")];
  const families = [...document.querySelectorAll(".family")];

  /* What the items of a list say is read on the first search only: the page opens without it. */
  function searched(items) {
    let texts;
    return (item, words) => {
      if (!words.length) return true;
      texts ??= new Map(items.map((one) => [one, one.textContent.toLowerCase()]));
      return words.every((word) => texts.get(item).includes(word));
    };
  }

  function list(form, field, output, items, what, right, after) {
    const matches = searched(items);
    function show() {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of items) {
        item.hidden = !(right(item) && matches(item, words));
        shown += !item.hidden;
      }
      after();
      output.value = `${shown} of ${items.length} ${what}`;
    }
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", show);
    show();
    return { form, show, items };
  }

  const lists = [
    list(by("filter"), by("words"), by("shown"), channels, "channels",
      (channel) => (!status.value || channel.dataset.status === status.value) &&
        (!family.value || channel.closest(".family").id === family.value),
      () => { for (const one of families) one.hidden = !one.querySelector(".channel:not([hidden])"); }),
  ];
  if (by("team-filter")) {
    lists.push(list(by("team-filter"), by("team-words"), by("team-shown"),
      [...document.querySelectorAll(".team")], "teams", () => true, () => {}));
  }

  /* Opens and focuses the channel, sheet or finding that the address names, even one that a filter hides. */
  function follow() {
    const target = by(decodeURIComponent(location.hash.slice(1)));
    if (!target?.matches("details, article")) return;
    for (const { form, show, items } of lists) {
      if (items.includes(target) && target.hidden) {
        form.reset();
        show();
      }
    }
    let focus = target;
    if (target.matches("details")) {
      target.open = true;
      focus = target.querySelector("summary");
    } else {
      target.tabIndex = -1;
    }
    target.scrollIntoView();
    focus.focus({ preventScroll: true });
  }

  fold.addEventListener("click", () => {
    const open = fold.textContent !== "Fold all";
    for (const channel of channels) channel.open = open;
    fold.textContent = open ? "Fold all" : "Unfold all";
  });
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => {
    for (const scheme of document.querySelectorAll(".scheme")) scheme.open = true;
  });
  follow();
})();
