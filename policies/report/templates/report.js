"use strict";
(() => {
  const form = document.getElementById("filter");
  const status = document.getElementById("status");
  const words = document.getElementById("words");
  const shown = document.getElementById("shown");
  const fold = document.getElementById("fold");
  const families = [...document.querySelectorAll(".family")];
  const channels = [...document.querySelectorAll(".channel")];
  const text = new Map(channels.map((channel) => [channel, channel.textContent.toLowerCase()]));

  function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const channel of channels) {
      const right = !status.value || channel.dataset.status === status.value;
      channel.hidden = !(right && wanted.every((word) => text.get(channel).includes(word)));
    }
    for (const family of families) family.hidden = !family.querySelector(".channel:not([hidden])");
    shown.value = `${channels.filter((channel) => !channel.hidden).length} of ${channels.length} channels`;
  }

  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.classList.contains("channel")) return;
    if (target.hidden) {
      form.reset();
      filter();
    }
    target.open = true;
    target.scrollIntoView();
  }

  function unfold(open) {
    for (const channel of channels) channel.open = open;
    fold.textContent = open ? "Fold all" : "Unfold all";
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  status.addEventListener("change", filter);
  words.addEventListener("input", filter);
  fold.addEventListener("click", () => unfold(fold.textContent !== "Fold all"));
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => {
    for (const scheme of document.querySelectorAll(".scheme")) scheme.open = true;
  });
  filter();
  follow();
})();
